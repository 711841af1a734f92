import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { join } from "node:path";

export const gnuFormats = ["ustar", "pax", "gnu"] as const;
export type GnuFormat = (typeof gnuFormats)[number];

/** More than fits into a header of ustar. */
export const longPath = `${"long-folder-".repeat(12)}/${"long-name-".repeat(12)}.fits`;

/** What GNU tar makes of a tar: whether it is content, and what it says. */
export async function gnuExtract(bytes: Uint8Array, into: string): Promise<{ content: boolean; says: string }> {
  const options = ["--extract", "--no-same-owner", "--no-same-permissions", "--directory", into];
  return await gnuTar(options, bytes);
}

/** Makes a tar of a directory's entries, without a leading `./`, in one of GNU tar's formats. */
export async function gnuCreate(directory: string, format: GnuFormat, names: string[]): Promise<Buffer> {
  const options = ["--create", `--format=${format}`, "--sort=name", "--owner=0", "--group=0", "--mtime=@0"];
  const child = spawn("tar", [...options, "--directory", directory, "--", ...names], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const chunks: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`tar ended with ${code}`);
  return Buffer.concat(chunks);
}

/**
 * A tar that GNU tar makes of some files and folders.
 *
 * @param names of what it is to hold, besides a few in the folder `a`; folders with a slash at their end
 */
export async function gnuSample(world: string, format: GnuFormat, names: string[]): Promise<Buffer> {
  const directory = await mkdtemp(join(world, "sample-"));
  for (const name of names) {
    const path = join(directory, name);
    await mkdir(name.endsWith("/") ? path : join(path, ".."), { recursive: true });
    if (!name.endsWith("/")) await writeFile(path, name === "empty" ? "" : name.repeat(70));
  }
  await mkdir(join(directory, "a/deeper"), { recursive: true });
  await writeFile(join(directory, "a/deeper/file.fits"), Buffer.alloc(3000, "data"));
  await writeFile(join(directory, "a/second.fits"), Buffer.alloc(512, "full"));
  return await gnuCreate(directory, format, [...new Set(names.map((name) => name.split("/")[0] as string))]);
}

async function gnuTar(options: string[], input: Uint8Array): Promise<{ content: boolean; says: string }> {
  const child = spawn("tar", options, {
    stdio: ["pipe", "ignore", "pipe"],
    env: { ...process.env, LC_ALL: "C.UTF-8" },
  });
  let says = "";
  child.stderr.on("data", (text: Buffer) => {
    says += text;
  });
  // It may end before it has read everything.
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  const [code] = await once(child, "close");
  return { content: code === 0, says };
}
