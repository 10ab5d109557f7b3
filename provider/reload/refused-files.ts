import { UserError } from "../../src/errors.ts";

/** A running server has read its new files and does not accept them: it goes on with what it had. */
export class RefusedFiles extends UserError {}
