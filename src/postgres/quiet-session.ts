/** SQL at the head of a session whose statements appear in no log and no statistics: some carry password verifiers. */
export const quietSession = `
set log_statement = 'none';
set log_min_duration_statement = -1;
set log_min_error_statement = 'panic';
set pg_stat_statements.track = 'none';
set application_name = 'pgstack';
`;
