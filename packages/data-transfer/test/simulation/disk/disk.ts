import { constants } from "node:os";

/** What lies on the disk under a name: it keeps its identity when it is renamed, and while somebody has it open. */
export type Node = FileNode | DirectoryNode;

export interface FileNode {
  kind: "file";
  number: number;
  mode: number;
  bytes: Buffer;
  /** All its bytes are durable. */
  synced: boolean;
}

export interface DirectoryNode {
  kind: "directory";
  number: number;
  mode: number;
  entries: Map<string, Node>;
  /** Names that have come, gone or changed since it was last synced. */
  unsynced: Set<string>;
}

/** Told of every change, with the names that it has changed. */
export type Watcher = (what: "made" | "renamed" | "removed" | "written" | "moded", node: Node, path: string) => void;

/** A file system as processes on several machines see it: what one has done, all see. Without links. */
export class Disk {
  #count = 0;
  readonly root: DirectoryNode = this.#directory(0o755);
  onChange: Watcher = () => {};

  // ---- Names ----

  /** @throws ENOENT, ENOTDIR */
  find(path: string, from: DirectoryNode = this.root): Node {
    const { parent, name } = this.place(path, from);
    if (name === ".") return parent;
    const node = parent.entries.get(name);
    if (!node) throw failure("ENOENT", path);
    return node;
  }

  lookUp(path: string): Node | undefined {
    try {
      return this.find(path);
    } catch {
      return undefined;
    }
  }

  /** Where a name belongs: the folder that it is, or would be, in. */
  place(path: string, from: DirectoryNode = this.root): { parent: DirectoryNode; name: string } {
    const segments = path.split("/").filter((segment) => segment !== "" && segment !== ".");
    const name = segments.pop() ?? ".";
    let at = from;
    for (const segment of segments) {
      const next = at.entries.get(segment);
      if (!next) throw failure("ENOENT", path);
      if (next.kind !== "directory") throw failure("ENOTDIR", path);
      at = next;
    }
    return { parent: at, name };
  }

  makeDirectory(path: string, mode: number, from = this.root): DirectoryNode {
    const { parent, name } = this.place(path, from);
    if (parent.entries.has(name)) throw failure("EEXIST", path);
    const made = this.#directory(mode);
    this.#enter(parent, name, made);
    this.onChange("made", made, path);
    return made;
  }

  makeFile(path: string, mode: number, from = this.root): FileNode {
    const { parent, name } = this.place(path, from);
    if (parent.entries.has(name)) throw failure("EEXIST", path);
    const made: FileNode = { kind: "file", number: ++this.#count, mode, bytes: Buffer.alloc(0), synced: false };
    this.#enter(parent, name, made);
    this.onChange("made", made, path);
    return made;
  }

  /** As rename(2): an empty folder, or a file, gives way to its like. */
  rename(from: string, to: string, fromFolder = this.root, toFolder = this.root): void {
    const node = this.find(from, fromFolder);
    const source = this.place(from, fromFolder);
    const target = this.place(to, toFolder);
    const there = target.parent.entries.get(target.name);
    if (there === node) return;
    if (node.kind === "directory" && this.#contains(node, target.parent)) throw failure("EINVAL", from);
    if (there) {
      if (node.kind === "directory" && there.kind !== "directory") throw failure("ENOTDIR", to);
      if (node.kind === "file" && there.kind === "directory") throw failure("EISDIR", to);
      if (there.kind === "directory" && there.entries.size > 0) throw failure("ENOTEMPTY", to);
      this.onChange("removed", there, to);
    }
    source.parent.entries.delete(source.name);
    source.parent.unsynced.add(source.name);
    this.#enter(target.parent, target.name, node);
    this.onChange("renamed", node, to);
  }

  removeDirectory(path: string, from = this.root): void {
    const { parent, name } = this.place(path, from);
    const node = this.find(path, from);
    if (node.kind !== "directory") throw failure("ENOTDIR", path);
    if (node.entries.size > 0) throw failure("ENOTEMPTY", path);
    this.#leave(parent, name, path);
  }

  removeFile(path: string, from = this.root): void {
    const { parent, name } = this.place(path, from);
    const node = this.find(path, from);
    if (node.kind === "directory") throw failure("EISDIR", path);
    this.#leave(parent, name, path);
  }

  changeMode(node: Node, mode: number, path: string): void {
    if (node.mode === mode) return;
    node.mode = mode;
    this.onChange("moded", node, path);
  }

  // ---- Bytes ----

  write(file: FileNode, bytes: Uint8Array, position: number, path: string): void {
    const grown = Buffer.alloc(Math.max(file.bytes.length, position + bytes.length));
    file.bytes.copy(grown);
    grown.set(bytes, position);
    file.bytes = grown;
    file.synced = false;
    this.onChange("written", file, path);
  }

  truncate(file: FileNode, length: number, path: string): void {
    if (file.bytes.length === length) return;
    const cut = Buffer.alloc(length);
    file.bytes.copy(cut, 0, 0, length);
    file.bytes = cut;
    file.synced = false;
    this.onChange("written", file, path);
  }

  sync(node: Node): void {
    if (node.kind === "file") node.synced = true;
    else node.unsynced.clear();
  }

  /** All files. Of names the system would do the same; nothing here is to rely on that. */
  syncFiles(directory = this.root): void {
    for (const node of directory.entries.values()) {
      if (node.kind === "directory") this.syncFiles(node);
      else this.sync(node);
    }
  }

  #enter(parent: DirectoryNode, name: string, node: Node): void {
    parent.entries.set(name, node);
    parent.unsynced.add(name);
  }

  #leave(parent: DirectoryNode, name: string, path: string): void {
    const node = parent.entries.get(name)!;
    parent.entries.delete(name);
    parent.unsynced.add(name);
    this.onChange("removed", node, path);
  }

  #contains(directory: DirectoryNode, node: Node): boolean {
    if (directory === node) return true;
    return directory.entries.values().some((one) => one.kind === "directory" && this.#contains(one, node));
  }

  #directory(mode: number): DirectoryNode {
    return { kind: "directory", number: ++this.#count, mode, entries: new Map(), unsynced: new Set() };
  }
}

/** All files below a folder, by their paths. */
export function filesIn(directory: DirectoryNode, below = ""): Map<string, FileNode> {
  const found = new Map<string, FileNode>();
  for (const [name, node] of directory.entries) {
    if (node.kind === "file") found.set(below + name, node);
    else for (const [path, file] of filesIn(node, `${below}${name}/`)) found.set(path, file);
  }
  return found;
}

/** A system call's error, as Node has it. */
export function failure(code: keyof typeof constants.errno, path: string, syscall = "call"): NodeJS.ErrnoException {
  const errno = -constants.errno[code];
  return Object.assign(new Error(`${code}: ${syscall} '${path}'`), { code, errno, syscall, path });
}
