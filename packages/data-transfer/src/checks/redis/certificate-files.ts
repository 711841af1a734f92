import { type Check, ok, problem } from "../check.ts";
import { filesProblem, foldersOf } from "../tls-files.ts";
import { redisFiles, withoutRedisTls } from "./settings.ts";

export const redisCertificateFiles: Check = {
  id: "redis-certificate-files",
  category: "redis",
  statement: "the certificate files for Redis can be read and belong together",
  severity: "fatal",
  needs: ["settings-valid"],
  mayRecover: true,
  unless: (settings) =>
    withoutRedisTls(settings) ?? (foldersOf(redisFiles(settings)).length === 0 ? "no files are configured" : undefined),
  async run(facts) {
    const files = redisFiles(facts.settings);
    try {
      await facts.certificates(files);
      return ok(`in ${foldersOf(files).join(", ")}`);
    } catch (error) {
      return problem(await filesProblem(files, error as Error));
    }
  },
  hint: "ccat_data_transfer settings show redis   # then ls -l the folder of ca_file, cert_file and key_file: is it mounted?",
};
