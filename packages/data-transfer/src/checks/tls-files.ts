import { access } from "node:fs/promises";
import { dirname } from "node:path";

/** Files of TLS as the settings name them. */
export interface TlsFiles {
  ca?: string | undefined;
  cert?: string | undefined;
  key?: string | undefined;
}

/** The folders that files lie in: mounts more often than not. */
export function foldersOf({ ca, cert, key }: TlsFiles): string[] {
  return [...new Set([ca, cert, key].filter((path) => path !== undefined).map((path) => dirname(path)))];
}

/** What is wrong with files of TLS; where a whole folder is missing, that, since it is a mount more often than not. */
export async function filesProblem(files: TlsFiles, error: Error): Promise<string> {
  // A folder that hangs is not asked again.
  if (deepestCode(error) !== "ENOENT") return error.message;
  const missing: string[] = [];
  for (const folder of foldersOf(files)) {
    await access(folder).catch(() => missing.push(folder));
  }
  return missing.length === 0 ? error.message : `there is no folder ${missing.join(", ")}: is it mounted?`;
}

function deepestCode(error: Error): string | undefined {
  return error.cause instanceof Error ? deepestCode(error.cause) : (error as NodeJS.ErrnoException).code;
}
