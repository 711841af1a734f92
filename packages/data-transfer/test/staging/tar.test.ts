import { test } from "node:test";
import { directory, file, member, tar, twoZeroBlocks } from "../bundle/tar-forge.ts";
import { aPackage, type PackageOptions } from "../world/package.ts";
import { startWorld } from "../world/start-world.ts";

const contents = { "night/one": "one", "night/two": "two" };
const [one, two] = Object.entries(contents).map(([path, content]) => file(path, content)) as [Buffer, Buffer];

/** Packages that must be refused as a whole; the catalogue says of each that it holds `contents`, and its checksum is right. */
const refused: readonly { what: string; code: string; options: PackageOptions }[] = [
  {
    what: "a file above its folder",
    code: "CDT-UNSAFE-MEMBER",
    options: { tar: tar(one, two, file("../OUTSIDE", "x")) },
  },
  {
    what: "a file behind two dots",
    code: "CDT-UNSAFE-MEMBER",
    options: { tar: tar(one, file("night/../../OUTSIDE")) },
  },
  { what: "an absolute path", code: "CDT-UNSAFE-MEMBER", options: { tar: tar(one, two, file("/tmp/OUTSIDE", "x")) } },
  { what: "a symbolic link", code: "CDT-UNSAFE-MEMBER", options: { tar: tar(one, link("2", "/etc/passwd"), two) } },
  {
    what: "a file through a symbolic link",
    code: "CDT-UNSAFE-MEMBER",
    options: { tar: tar(one, two, link("2", "../.."), file("link/OUTSIDE", "x")) },
  },
  { what: "a hard link", code: "CDT-UNSAFE-MEMBER", options: { tar: tar(one, link("1", "night/one"), two) } },
  { what: "a device", code: "CDT-UNSAFE-MEMBER", options: { tar: tar(one, two, member({ name: "null", type: "3" })) } },
  { what: "a file twice", code: "CDT-DUPLICATE-MEMBER", options: { tar: tar(one, two, one) } },
  { what: "a name in two cases", code: "CDT-DUPLICATE-MEMBER", options: { tar: tar(one, two, file("NIGHT/one")) } },
  { what: "a file too few", code: "CDT-MISSING-FILE", options: { tar: tar(directory("night/"), one) } },
  { what: "a file too many", code: "CDT-EXTRA-FILE", options: { tar: tar(one, two, file("night/three")) } },
  { what: "a file of another size", code: "CDT-WRONG-SIZE", options: { tar: tar(one, file("night/two", "longer")) } },
  { what: "no end", code: "CDT-TAR-DAMAGED", options: { tar: Buffer.concat([one, two]) } },
  { what: "something behind its end", code: "CDT-TAR-DAMAGED", options: { tar: Buffer.concat([tar(one, two), one]) } },
  { what: "a header that is none", code: "CDT-TAR-DAMAGED", options: { tar: tar(one, Buffer.alloc(512, "x"), two) } },
  { what: "nothing but an end", code: "CDT-MISSING-FILE", options: { tar: twoZeroBlocks } },
];

for (const { what, code, options } of refused) {
  test(`a tar with ${what} is refused as a whole, and the next package is staged`, async (t) => {
    const world = await startWorld(t);
    const [hostile, good] = await world.archive.put(aPackage({ contents, ...options }), aPackage());
    await world.request([hostile, good]);
    await world.workUntilIdle();
    await world.expect({
      staged: [good],
      failed: [{ package: hostile, code, reason: "corrupt_source" }],
      leftOver: "nothing",
    });
  });
}

function link(type: "1" | "2", linkname: string): Buffer {
  return member({ name: "link", type, linkname });
}
