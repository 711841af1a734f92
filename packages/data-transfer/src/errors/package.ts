import { IntegrityError } from "./data-transfer-error.ts";

/** The rules that a name or an entry in a package can break. Stable: they stand in reports. */
export type SafetyRule =
  | "absolute-path"
  | "drive-letter"
  | "backslash"
  | "dot-segment"
  | "empty-segment"
  | "control-character"
  | "not-utf-8"
  | "name-too-long"
  | "path-too-long"
  | "too-deep"
  | "hidden-package-name"
  | "trailing-slash"
  | "symbolic-link"
  | "hard-link"
  | "device"
  | "fifo"
  | "sparse-file"
  | "unknown-type"
  | "global-override"
  | "pax-keyword"
  | "link-escapes"
  | "file-used-as-directory";

const readAgain =
  "ccat_data_transfer stage retry <job>   # reads another copy where there is one; else the package must be archived anew";
const askArchive = "ask who made the package: it must be archived anew, without what is named here";

/** Links are harmless where nobody needs them: a person may say so. */
function waive(rule: SafetyRule): string {
  return `ccat_data_transfer waiver grant <package> --rule ${rule} --why "..."   # where its links are not needed, then: stage retry <job>; else ${askArchive}`;
}

/** A name from the database or from a package that breaks a rule; inside a package it becomes {@link UnsafeMember}. */
export class UnsafeName extends IntegrityError {
  readonly code = "CDT-UNSAFE-NAME";
  readonly help = "correct the name in the operations database, then: ccat_data_transfer stage retry <job>";
  readonly rule: SafetyRule;

  constructor(facts: { rule: SafetyRule; name: string; why: string }, options?: ErrorOptions) {
    super(`the name "${facts.name}" is refused: ${facts.why}`, facts, options);
    this.rule = facts.rule;
  }
}

/** An entry of the tar that a safe unpacker does not make. `name` is escaped, `offset` that of its header. */
export class UnsafeMember extends IntegrityError {
  readonly code = "CDT-UNSAFE-MEMBER";
  readonly help: string;
  readonly rule: SafetyRule;

  constructor(
    facts: { rule: SafetyRule; offset: number; name: string; why: string; target?: string },
    options?: ErrorOptions,
  ) {
    super(`the package is refused for its entry "${facts.name}" at byte ${facts.offset}: ${facts.why}`, facts, options);
    this.rule = facts.rule;
    this.help = facts.rule === "symbolic-link" || facts.rule === "hard-link" ? waive(facts.rule) : askArchive;
  }
}

/** Two entries with one name, or with names that some file systems hold to be the same. */
export class DuplicateMember extends IntegrityError {
  readonly code = "CDT-DUPLICATE-MEMBER";
  readonly help = askArchive;

  constructor(facts: { path: string; sameSpelling: boolean; offset: number }, options?: ErrorOptions) {
    const same = facts.sameSpelling ? "is there twice" : "is the same name to some file systems as one before it";
    super(`the package is refused: "${facts.path}" ${same} (entry at byte ${facts.offset})`, facts, options);
  }
}

/** Not a whole, well-formed tar. `name` is that of the entry, escaped; `header` is its byte where `offset` lies behind it. */
export class TarDamaged extends IntegrityError {
  readonly code = "CDT-TAR-DAMAGED";
  readonly help = readAgain;

  constructor(facts: { offset: number; why: string; name?: string; header?: number }, options?: ErrorOptions) {
    const entry = facts.name === undefined ? "" : `, entry "${facts.name}"`;
    super(`the tar is damaged at byte ${facts.offset}${entry}: ${facts.why}`, facts, options);
  }
}

/** Well-formed, but beyond what a package may hold. */
export class TarLimitExceeded extends IntegrityError {
  readonly code = "CDT-TAR-LIMIT";
  readonly help = askArchive;

  constructor(facts: { limit: string; allowed: number; offset: number; name: string }, options?: ErrorOptions) {
    const where = `at byte ${facts.offset}, entry "${facts.name}"`;
    super(`the tar exceeds the limit of ${facts.allowed} ${facts.limit} ${where}`, facts, options);
  }
}

export class ChecksumMismatch extends IntegrityError {
  readonly code = "CDT-CHECKSUM";
  readonly help = readAgain;

  constructor(
    facts: { path: string; algorithm: string; expected: string; found: string; bytes: number },
    options?: ErrorOptions,
  ) {
    super(`${facts.path} has ${facts.algorithm} ${facts.found}, the catalogue says ${facts.expected}`, facts, options);
  }
}

/** The catalogue names files that the package does not hold; `paths` has the first of them. */
export class MissingFile extends IntegrityError {
  readonly code = "CDT-MISSING-FILE";
  readonly help = readAgain;

  constructor(facts: { paths: readonly string[]; count: number }, options?: ErrorOptions) {
    const more = facts.count > 1 ? ` and ${facts.count - 1} more` : "";
    super(`the package lacks ${facts.paths[0]}${more}, which the catalogue says it holds`, facts, options);
  }
}

export class ExtraFile extends IntegrityError {
  readonly code = "CDT-EXTRA-FILE";
  readonly help = readAgain;

  constructor(facts: { path: string; offset: number }, options?: ErrorOptions) {
    super(`the package holds ${facts.path}, of which the catalogue knows nothing`, facts, options);
  }
}

export class WrongSize extends IntegrityError {
  readonly code = "CDT-WRONG-SIZE";
  readonly help = readAgain;

  constructor(facts: { path: string; expected: number; found: number }, options?: ErrorOptions) {
    super(`${facts.path} has ${facts.found} bytes, the catalogue says ${facts.expected}`, facts, options);
  }
}

export class PackageTooShort extends IntegrityError {
  readonly code = "CDT-PACKAGE-TOO-SHORT";
  readonly help = readAgain;

  constructor(facts: { package: string; expected: number; found: number }, options?: ErrorOptions) {
    super(`${facts.package} ended after ${facts.found} bytes of ${facts.expected}`, facts, options);
  }
}

export class PackageTooLong extends IntegrityError {
  readonly code = "CDT-PACKAGE-TOO-LONG";
  readonly help = readAgain;

  constructor(facts: { package: string; expected: number }, options?: ErrorOptions) {
    super(`${facts.package} goes on after the ${facts.expected} bytes that the catalogue says it has`, facts, options);
  }
}

/** The list of files that the catalogue has for a package contradicts itself. */
export class ManifestInvalid extends IntegrityError {
  readonly code = "CDT-MANIFEST";
  readonly help = "correct the package's files in the operations database, then: ccat_data_transfer stage retry <job>";

  constructor(facts: { package: string; path: string; why: string }, options?: ErrorOptions) {
    super(
      `the catalogue's list of files of ${facts.package} is not usable: ${facts.path}: ${facts.why}`,
      facts,
      options,
    );
  }
}

export class UnknownAlgorithm extends IntegrityError {
  readonly code = "CDT-UNKNOWN-ALGORITHM";
  readonly help =
    "correct the algorithm in the operations database, or install a version that knows it, then: ccat_data_transfer stage retry <job>";

  constructor(facts: { algorithm: string; known: readonly string[] }, options?: ErrorOptions) {
    super(
      `the checksum algorithm "${facts.algorithm}" is not known here: known are ${facts.known.join(", ")}`,
      facts,
      options,
    );
  }
}
