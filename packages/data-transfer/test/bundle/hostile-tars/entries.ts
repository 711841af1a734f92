import { directory, file, longName, member, pax } from "../tar-forge.ts";
import { duplicate, type HostileTar, paxBody, unsafe } from "./hostile-tar.ts";

const link = (name: string, linkname: string) => member({ name, type: "2", linkname });
const hardLink = (name: string, linkname: string) => member({ name, type: "1", linkname });
const gnu = { magic: "ustar  \0" };

/** What an entry may not be. Names that escape lead to `OUTSIDE`, which must not come to be. */
export const hostileEntries: readonly HostileTar[] = [
  // ---- symbolic links
  unsafe("symbolic-link", "a symbolic link", link("link", "/etc/passwd")),
  unsafe("symbolic-link", "a harmless symbolic link", link("link", "good")),
  unsafe("symbolic-link", "a file behind a link to elsewhere", link("link", ".."), file("link/OUTSIDE", "x")),
  unsafe(
    "symbolic-link",
    "a chain of links, each of them inside",
    directory("a/"),
    link("a/up", ".."),
    link("top", "a/up/.."),
    file("top/OUTSIDE", "x"),
  ),
  unsafe(
    "symbolic-link",
    "a directory that becomes a link, and is used again",
    directory("d/"),
    link("d", ".."),
    file("d/OUTSIDE", "x"),
  ),
  unsafe(
    "symbolic-link",
    "a link and a directory that differ in their Unicode form",
    directory("caf\u00e9/"),
    link("cafe\u0301", ".."),
    file("caf\u00e9/OUTSIDE", "x"),
  ),
  unsafe("symbolic-link", "a link that a file is written through", link("file", "../OUTSIDE"), file("file", "x")),
  unsafe("symbolic-link", "a link to itself", link("loop", "loop")),
  unsafe("symbolic-link", "a link that goes nowhere", link("link", "")),
  unsafe("symbolic-link", "a link relative to a drive", link("link", "c:OUTSIDE")),
  unsafe("symbolic-link", "a link in GNU's format", member({ name: "link", type: "2", linkname: "good", ...gnu })),
  unsafe("symbolic-link", "a link with a long target", longName("x".repeat(300), "K"), file("link")),
  unsafe("symbolic-link", "a link in pax's words", pax({ linkpath: "/etc/passwd" }), file("link")),
  unsafe(
    "symbolic-link",
    "a link whose target stands in a pax header",
    pax({ linkpath: "/etc" }),
    link("link", "good"),
  ),

  // ---- hard links
  unsafe("hard-link", "a hard link", hardLink("link", "good")),
  unsafe("hard-link", "a hard link to elsewhere", hardLink("link", "../../OUTSIDE")),
  unsafe("hard-link", "a hard link to an absolute path", hardLink("link", "/etc/passwd")),
  unsafe("hard-link", "a hard link that a file is written through", hardLink("x", "/tmp/OUTSIDE"), file("x", "x")),
  unsafe("hard-link", "a hard link with contents", member({ name: "link", type: "1", linkname: "good" }, "contents")),
  unsafe("hard-link", "a hard link to itself", hardLink("link", "link")),
  unsafe(
    "symbolic-link",
    "a hard link through a chain of links",
    link("a", "b"),
    link("b", "../.."),
    hardLink("c", "a/OUTSIDE"),
    file("c", "x"),
  ),

  // ---- what is no file at all
  unsafe("device", "a character device", member({ name: "null", type: "3" })),
  unsafe("device", "a block device", member({ name: "sda", type: "4" })),
  unsafe("fifo", "a pipe", member({ name: "pipe", type: "6" })),
  unsafe("unknown-type", "a contiguous file", member({ name: "contiguous", type: "7" }, "contents")),
  unsafe("unknown-type", "a type that nobody knows", member({ name: "odd", type: "!" })),
  unsafe("unknown-type", "a type of the future", member({ name: "odd", type: "8" })),
  unsafe("unknown-type", "a type in lower case", member({ name: "odd", type: "l" })),
  unsafe("unknown-type", "a multi-volume continuation", member({ name: "odd", type: "M", ...gnu })),
  unsafe("unknown-type", "a volume label", member({ name: "odd", type: "V", ...gnu })),
  unsafe("unknown-type", "a directory with its list of names", member({ name: "odd", type: "D" }, "Yfile\0\0")),
  unsafe(
    "unknown-type",
    "GNU's old long names",
    member({ name: "odd", type: "N", ...gnu }, "Rename a to ../OUTSIDE\n"),
  ),
  unsafe("unknown-type", "Solaris' extended header", member({ name: "odd", type: "X" })),
  unsafe("unknown-type", "Solaris' access list", member({ name: "odd", type: "A" })),
  unsafe("unknown-type", "star's inode without contents", member({ name: "odd", type: "I" })),

  // ---- sparse files, in all their forms
  unsafe("sparse-file", "GNU's sparse file", member({ name: "sparse", type: "S", ...gnu })),
  unsafe("sparse-file", "a sparse file in a POSIX header", member({ name: "sparse", type: "S" }, "x")),
  unsafe(
    "sparse-file",
    "a sparse file by pax 0.0",
    pax({ "GNU.sparse.size": "9", "GNU.sparse.numblocks": "1", "GNU.sparse.offset": "8", "GNU.sparse.numbytes": "1" }),
    file("sparse", "x"),
  ),
  unsafe(
    "sparse-file",
    "a sparse file by pax 0.1",
    pax({ "GNU.sparse.size": "9", "GNU.sparse.numblocks": "1", "GNU.sparse.map": "8,1" }),
    file("sparse", "x"),
  ),
  unsafe(
    "sparse-file",
    "a sparse file by pax 1.0",
    pax({ "GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "good", "GNU.sparse.realsize": "9" }),
    file("GNUSparseFile.0/good", "1\n8\n1\n".padEnd(512, "\0").concat("x")),
  ),
  unsafe("sparse-file", "a sparse file that gives itself a name", pax({ "GNU.sparse.name": "../OUTSIDE" }), file("x")),
  unsafe("sparse-file", "a sparse file in star's words", pax({ "SCHILY.realsize": "1000000" }), file("sparse", "x")),
  unsafe("sparse-file", "a sparse file in Solaris' words", pax({ "SUN.holesdata": " 0 8 9" }), file("sparse", "x")),
  unsafe("sparse-file", "a global header that makes all sparse", pax({ "GNU.sparse.major": "1" }, "g"), file("x")),

  // ---- keywords that change what an entry means
  unsafe("global-override", "a global header that renames what follows", pax({ path: "OUTSIDE" }, "g"), file("x")),
  unsafe("global-override", "a global header that sets a size", pax({ size: "100" }, "g"), file("x")),
  unsafe("global-override", "a global header that makes all links", pax({ linkpath: "/etc" }, "g"), file("x")),
  unsafe("pax-keyword", "names that are said to be no UTF-8", pax({ hdrcharset: "BINARY" }), file("x")),
  unsafe("pax-keyword", "a package whose names are said to be no UTF-8", pax({ hdrcharset: "BINARY" }, "g"), file("x")),
  unsafe("pax-keyword", "contents in another character set", pax({ charset: "ISO-IR 8859 1 1998" }), file("x")),
  unsafe("pax-keyword", "a directory's list of names in pax's words", pax({ "GNU.dumpdir": "Yfile" }), file("x")),
  unsafe("pax-keyword", "a part of another volume", pax({ "GNU.volume.offset": "512" }), file("x")),
  unsafe("pax-keyword", "the label of a volume in pax's words", pax({ "GNU.volume.label": "1" }, "g"), file("x")),
  unsafe("pax-keyword", "a keyword that GNU may invent", pax({ "GNU.future": "1" }), file("x")),
  unsafe("pax-keyword", "another type in star's words", pax({ "SCHILY.filetype": "sparse" }), file("x")),
  unsafe("pax-keyword", "a keyword that star may invent", pax({ "SCHILY.future": "1" }), file("x")),
  unsafe("pax-keyword", "a keyword that POSIX may invent", pax({ future: "1" }), file("x")),
  unsafe("pax-keyword", "a path in capitals", pax({ PATH: "../OUTSIDE" }), file("x")),
  unsafe("pax-keyword", "a keyword of which nobody is the vendor", pax({ ".path": "../OUTSIDE" }), file("x")),
  unsafe("pax-keyword", "an odd keyword among good ones", paxBody("11 mtime=1\n8 mod=1\n"), file("x")),

  // ---- what is used as something else
  { ...duplicate("a file that is used as a folder", file("a", "1"), file("a/b", "2")), ...usedAsDirectory() },
  {
    ...duplicate("a file that is used as a folder, far below", file("a", "1"), file("a/b/c/d", "2")),
    ...usedAsDirectory(),
  },
  { ...duplicate("a folder that becomes a file", file("a/b", "2"), file("a", "1")), ...usedAsDirectory() },
  { ...duplicate("a directory that becomes a file", directory("a/"), file("a", "1")), ...usedAsDirectory() },
  { ...duplicate("a file that becomes a directory", file("a", "1"), directory("a/")), ...usedAsDirectory() },
];

function usedAsDirectory(): Pick<HostileTar, "code" | "rule"> {
  return { code: "CDT-UNSAFE-MEMBER", rule: "file-used-as-directory" };
}
