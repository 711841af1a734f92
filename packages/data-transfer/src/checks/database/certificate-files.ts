import { type Check, ok, problem } from "../check.ts";
import { filesProblem, foldersOf } from "../tls-files.ts";
import { databaseFiles, withoutDatabaseFiles } from "./settings.ts";

export const databaseCertificateFiles: Check = {
  id: "database-certificate-files",
  category: "database",
  statement: "the certificate files for PostgreSQL can be read and belong together",
  severity: "fatal",
  needs: ["settings-valid"],
  mayRecover: true,
  unless: withoutDatabaseFiles,
  async run(facts) {
    const files = databaseFiles(facts.settings);
    try {
      await facts.certificates(files);
      return ok(`in ${foldersOf(files).join(", ")}`);
    } catch (error) {
      return problem(await filesProblem(files, error as Error));
    }
  },
  hint: "ccat_data_transfer settings show database   # then ls -l sslrootcert, sslcert and sslkey",
};
