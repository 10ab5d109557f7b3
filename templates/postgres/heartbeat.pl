# Becomes the server, and leaves a second process that writes the heartbeat of a leader every second and measures the file
# system of the data volume. Monitoring reads both (docs/monitoring.md).
# Usage: perl heartbeat.pl DATA_DIRECTORY DATA_VOLUME SERVER ARGUMENT...
use strict;
use warnings;
use POSIX ();

my ($data, $volume, @server) = @ARGV;
my $sockets = "/run/postgresql";
my $statement = "update pgstack.beat set at = clock_timestamp() returning 1;\n";
my $measure_every = 30;

my $postmaster = $$;
my $pid = eval { start_apart() };
if (defined $pid && $pid == 0) {
  eval { accompany() };
  POSIX::_exit(0);
}
exec { $server[0] } @server or die "pgstack: $server[0]: $!\n";

# The server is the first process of the container, so it waits for every process there that has lost its parent. One that was
# killed it takes for a crashed backend: it ends all sessions and recovers. A child without an exit signal, which fork cannot
# make, is not among those that it waits for. Numbers of clone(2) by machine; no argument but zeros, whatever their order.
sub start_apart {
  my %clone = (x86_64 => 56, aarch64 => 220, riscv64 => 220, loongarch64 => 220, ppc64le => 120, s390x => 120);
  my $number = $clone{ (POSIX::uname())[4] };
  my $made = defined $number ? syscall($number, 0, 0, 0, 0, 0) : -1;
  # A number that means another call here has made nothing.
  return $made if $made > 0 || ($made == 0 && $$ != $postmaster);
  return fork;
}

my ($to_psql, $from_psql, $psql);

sub accompany {
  # The lock on the data volume is the server's.
  POSIX::close(9);
  POSIX::setsid();
  $0 = "pgstack: heartbeat";
  $SIG{PIPE} = "IGNORE";
  my $measured = 0;
  while (1) {
    if (time - $measured >= $measure_every) {
      $measured = time;
      measure();
    }
    if (!is_ready()) {
      hang_up();
    } elsif (!beat()) {
      hang_up();
    }
    select(undef, undef, undef, 1);
  }
}

# Whether the server accepts writes, by its own files: asking it while it starts would fill its log. One that is shut down says
# "stopping": a session would hold that up. A promotion takes the signal away.
sub is_ready {
  return 0 if -e "$data/standby.signal";
  open(my $file, "<", "$data/postmaster.pid") or return 0;
  my @lines = <$file>;
  close $file;
  return defined $lines[7] && $lines[7] =~ /^ready/;
}

# One statement and its answer, a row or an error: the table may not be there yet.
sub beat {
  connect_psql() unless defined $psql;
  return 0 unless defined $psql && defined syswrite($to_psql, $statement);
  my $ready = "";
  vec($ready, fileno($from_psql), 1) = 1;
  return select($ready, undef, undef, 10) > 0 && sysread($from_psql, my $answer, 65_536);
}

# The superuser's session: it has a place when clients have taken all of theirs. Nothing that stack config says about sessions
# may end it, hold it up, or put it into the log or the statistics.
sub connect_psql {
  my %settings = (
    synchronous_commit => "off",
    default_transaction_isolation => "read\\ committed",
    default_transaction_read_only => "off",
    search_path => "pg_catalog",
    session_preload_libraries => "",
    local_preload_libraries => "",
    statement_timeout => "5s",
    lock_timeout => "0",
    idle_session_timeout => "0",
    log_statement => "none",
    log_duration => "off",
    log_min_duration_statement => "-1",
    log_min_messages => "panic",
    "pg_stat_statements.track" => "none",
  );
  $settings{transaction_timeout} = "0" if major() >= 17;
  pipe(my $input, $to_psql) or return;
  pipe($from_psql, my $output) or return;
  $psql = fork;
  return unless defined $psql;
  if ($psql == 0) {
    POSIX::dup2(fileno $input, 0);
    POSIX::dup2(fileno $output, 1);
    POSIX::dup2(fileno $output, 2);
    delete $ENV{PGPASSFILE};
    $ENV{PGAPPNAME} = "pgstack heartbeat";
    $ENV{PGCONNECT_TIMEOUT} = 3;
    $ENV{PGOPTIONS} = join(" ", map { "-c $_=$settings{$_}" } sort keys %settings);
    exec("psql", "-XAtq", "-h", $sockets, "-U", "postgres", "-d", "postgres") or POSIX::_exit(1);
  }
}

sub major {
  open(my $file, "<", "$data/PG_VERSION") or return 0;
  return int(<$file> // 0);
}

sub hang_up {
  return unless defined $psql;
  close $to_psql;
  close $from_psql;
  kill "KILL", $psql;
  waitpid($psql, 0);
  undef $psql;
}

# Bytes of the data volume's file system that the server could use in all, those that it may still use, and when that was. What
# is kept for root or behind a quota counts in neither, as in df's own percentage. A reader who finds it old knows that it is.
sub measure {
  open(my $df, "-|", "df", "-B1", "--output=used,avail", $volume) or return;
  my @lines = <$df>;
  close $df;
  return unless @lines && $lines[-1] =~ /^\s*(\d+)\s+(\d+)\s*$/;
  my $file = "$sockets/disk";
  open(my $out, ">", "$file.new") or return;
  print $out $1 + $2 . " $2 " . time . "\n";
  close $out or return;
  rename("$file.new", $file);
}
