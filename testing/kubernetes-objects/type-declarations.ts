import { readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { type ModuleItem, parseSync, type TsInterfaceDeclaration, type TsType, type TsTypeElement } from "@swc/core";

/** What may stand below a value. A scalar's own rules are the models' affair. */
export type Shape =
  | { readonly form: "scalar" }
  | { readonly form: "list"; readonly of: () => Shape }
  | { readonly form: "map"; readonly of: () => Shape }
  | { readonly form: "fields"; readonly fields: ReadonlyMap<string, () => Shape> };

/**
 * The shape of a type that a package of Kubernetes models declares: `declaredShape("kubernetes-models/v1/Pod", "IPod")`.
 * The models' own validators let unknown fields pass, as JSON schemas do; the declarations know every field.
 *
 * @throws {Error} for a declaration that is written in a way that this reader does not know
 */
export function declaredShape(module: string, type: string): Shape {
  return shapeOf(readDeclarations(join(modules, `${module}.d.ts`)), type);
}

const modules = fileURLToPath(new URL("../../node_modules", import.meta.url));
const scalar: Shape = { form: "scalar" };

interface Declarations {
  readonly path: string;
  /** Types declared here, by name. */
  readonly own: Map<string, () => Shape>;
  /** Names that other modules know them by. */
  readonly aliases: Map<string, string>;
  readonly imports: Map<string, { from: string; name: string }>;
  /** Modules of which everything is exported on. */
  readonly passedOn: string[];
}

const read = new Map<string, Declarations>();

function readDeclarations(path: string): Declarations {
  const known = read.get(path);
  if (known !== undefined) return known;
  const declarations: Declarations = { path, own: new Map(), aliases: new Map(), imports: new Map(), passedOn: [] };
  read.set(path, declarations);
  const { body } = parseSync(readFileSync(path, "utf8"), { syntax: "typescript" });
  for (const item of body as ModuleItem[]) note(item, declarations);
  return declarations;
}

function note(item: ModuleItem, declarations: Declarations): void {
  const place = (specifier: string) => locate(specifier, declarations.path);
  switch (item.type) {
    case "ImportDeclaration":
      for (const specifier of item.specifiers) {
        const name = ("imported" in specifier ? specifier.imported?.value : undefined) ?? specifier.local.value;
        declarations.imports.set(specifier.local.value, { from: place(item.source.value), name });
      }
      return;
    case "ExportAllDeclaration":
      declarations.passedOn.push(place(item.source.value));
      return;
    case "ExportNamedDeclaration":
      for (const specifier of item.specifiers) {
        if (specifier.type !== "ExportSpecifier") throw unreadable(declarations, specifier.type);
        declarations.aliases.set(specifier.exported?.value ?? specifier.orig.value, specifier.orig.value);
      }
      return;
    case "ExportDeclaration":
      note(item.declaration, declarations);
      return;
    case "TsTypeAliasDeclaration":
      declarations.own.set(
        item.id.value,
        once(() => shapeOfType(item.typeAnnotation, declarations)),
      );
      return;
    case "TsInterfaceDeclaration":
      declarations.own.set(
        item.id.value,
        once(() => shapeOfInterface(item, declarations)),
      );
      return;
  }
}

function shapeOf(declarations: Declarations, name: string): Shape {
  const found = find(declarations, name);
  if (found === undefined) throw new Error(`${relative(modules, declarations.path)} declares no ${name}`);
  return found();
}

function find(declarations: Declarations, name: string): (() => Shape) | undefined {
  const own = declarations.own.get(declarations.aliases.get(name) ?? name);
  if (own !== undefined) return own;
  const foreign = declarations.imports.get(name);
  if (foreign !== undefined) return () => shapeOf(readDeclarations(foreign.from), foreign.name);
  for (const path of declarations.passedOn) {
    const found = find(readDeclarations(path), name);
    if (found !== undefined) return found;
  }
  return undefined;
}

function shapeOfInterface({ body, extends: bases }: TsInterfaceDeclaration, declarations: Declarations): Shape {
  const own = shapeOfMembers(body.body, declarations);
  const inherited = bases.flatMap(({ expression }) => {
    if (expression.type !== "Identifier") throw unreadable(declarations, expression.type);
    // The two fields of this one are declared anew by whatever extends it.
    return expression.value === "TypeMeta" ? [] : [shapeOf(declarations, expression.value)];
  });
  if (inherited.length === 0) return own;
  const fields = [own, ...inherited].map((shape) => (shape.form === "fields" ? [...shape.fields] : []));
  return { form: "fields", fields: new Map(fields.flat()) };
}

function shapeOfType(type: TsType, declarations: Declarations): Shape {
  switch (type.type) {
    case "TsKeywordType":
    case "TsLiteralType":
      return scalar;
    case "TsTypeLiteral":
      return shapeOfMembers(type.members, declarations);
    case "TsUnionType": {
      const shapes = type.types.map((each) => shapeOfType(each, declarations));
      if (shapes.some(({ form }) => form !== "scalar")) throw unreadable(declarations, "a union of more than scalars");
      return scalar;
    }
    case "TsTypeReference": {
      if (type.typeName.type !== "Identifier") throw unreadable(declarations, type.typeName.type);
      const [argument] = type.typeParams?.params ?? [];
      if (type.typeName.value !== "Array") return shapeOf(declarations, type.typeName.value);
      if (argument === undefined) throw unreadable(declarations, "Array of nothing");
      return { form: "list", of: () => shapeOfType(argument, declarations) };
    }
    default:
      throw unreadable(declarations, type.type);
  }
}

function shapeOfMembers(members: readonly TsTypeElement[], declarations: Declarations): Shape {
  const fields = new Map<string, () => Shape>();
  for (const member of members) {
    const type = "typeAnnotation" in member ? member.typeAnnotation?.typeAnnotation : undefined;
    if (type === undefined) throw unreadable(declarations, member.type);
    const shape = once(() => shapeOfType(type, declarations));
    if (member.type === "TsIndexSignature") return { form: "map", of: shape };
    if (member.type !== "TsPropertySignature" || member.key.type !== "StringLiteral") {
      throw unreadable(declarations, member.type);
    }
    fields.set(member.key.value, shape);
  }
  // An object of which nothing is said, such as a patch or a custom resource's part, may hold whatever it likes.
  return fields.size === 0 ? scalar : { form: "fields", fields };
}

function locate(specifier: string, importer: string): string {
  const path = specifier.startsWith(".") ? join(dirname(importer), specifier) : join(modules, specifier);
  return `${path.replace(/\.js$/, "")}.d.ts`;
}

function once(make: () => Shape): () => Shape {
  let made: Shape | undefined;
  return () => (made ??= make());
}

function unreadable({ path }: Declarations, what: string): Error {
  return new Error(`${relative(modules, path)}: no rule for ${what}`);
}
