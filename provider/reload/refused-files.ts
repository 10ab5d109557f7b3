import { UserError } from "../../src/errors.ts";

/** A running server has read its new files and does not accept them: it continues with the earlier ones. */
export class RefusedFiles extends UserError {}
