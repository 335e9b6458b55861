/**
 * Which names the declarations of the package use that whoever uses them cannot import: prints them, and fails if there are
 * any. Runs where the package and TypeScript 5 are installed, whose compiler has an interface for programs.
 */
import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { join, sep } from "node:path"

const folder = process.cwd()
const ts = createRequire(join(folder, "package.json"))(process.argv[2] ?? "typescript")
const home = join(folder, "node_modules", "parlance")
const { exports } = JSON.parse(readFileSync(join(home, "package.json"), "utf8"))
const doors = Object.entries(exports).filter(([, door]) => door.types !== undefined)
const fileOf = (door) => join(home, exports[door].types)

/** Who tests the server has it: what its door gives need not be given twice. */
const beside = { "./testing": ["."] }

const program = ts.createProgram(
  doors.map(([door]) => fileOf(door)),
  {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ESNext,
    types: ["node"],
    skipLibCheck: true,
    noEmit: true
  }
)
const checker = program.getTypeChecker()

const real = (symbol) => (symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol)
const isOurs = (declaration) => declaration.getSourceFile().fileName.startsWith(home.split(sep).join("/"))

/** What a module exports: names, and namespaces with what they hold. */
const exportsOf = (module) => {
  const names = new Set()
  const namespaces = []
  for (const symbol of checker.getExportsOfModule(module).map(real)) {
    if (symbol.flags & ts.SymbolFlags.ValueModule) namespaces.push(exportsOf(symbol))
    else names.add(symbol)
  }
  return { names, namespaces }
}

const given = (door) => exportsOf(checker.getSymbolAtLocation(program.getSourceFile(fileOf(door))))

/** The part of a node that names something, if it does. */
const nameIn = (node) => {
  if (ts.isTypeReferenceNode(node)) return node.typeName
  if (ts.isExpressionWithTypeArguments(node)) return node.expression
  if (ts.isTypeQueryNode(node)) return node.exprName
  return ts.isImportTypeNode(node) ? node.qualifier : undefined
}

/**
 * Whether the compiler writes out what is declared where it would name it, for only its module can: an alias of a type, a
 * constant, and what a class extends. What it names in turn is used.
 */
const isWrittenOut = (declaration) =>
  !(ts.getCombinedModifierFlags(declaration) & ts.ModifierFlags.Export) &&
  (ts.isTypeAliasDeclaration(declaration) || ts.isVariableDeclaration(declaration))

/** The names of ours that the declarations of these symbols use, each with one that uses it. */
const used = (symbols) => {
  const users = new Map()
  const seen = new Set()
  const visit = (symbol, user) => {
    if (seen.has(symbol)) return
    seen.add(symbol)
    for (const declaration of symbol.declarations ?? []) if (isOurs(declaration)) look(declaration, user)
  }
  const look = (node, user) => {
    const name = nameIn(node)
    const named = name && checker.getSymbolAtLocation(name)
    const symbol = named && real(named)
    const declaration = symbol?.declarations?.[0]
    if (declaration !== undefined && isOurs(declaration) && !(symbol.flags & ts.SymbolFlags.TypeParameter)) {
      if (isWrittenOut(declaration)) visit(symbol, user)
      else if (!users.has(symbol)) users.set(symbol, user)
    }
    // What a condition asks for is no part of its result.
    const condition = ts.isConditionalTypeNode(node) ? node.extendsType : undefined
    ts.forEachChild(node, (child) => {
      if (child !== condition) look(child, user)
    })
  }
  for (const symbol of symbols) visit(symbol, symbol.name)
  return users
}

/**
 * What is missing of what some exports use: the compiler finds the name of a type that it has inferred in the modules that a
 * file imports, and in the namespaces that it imports by name, not in others.
 */
const missingOf = ({ names, namespaces }, known) => [
  ...[...used(names)].filter(([symbol]) => !known.some((some) => some.has(symbol) || some.has(symbol.parent))),
  ...namespaces.flatMap((namespace) => missingOf(namespace, [...known, namespace.names]))
]

const missing = doors.flatMap(([door]) => {
  const own = given(door)
  const known = [own.names, ...(beside[door] ?? []).map((other) => given(other).names)]
  return missingOf(own, known).map(([symbol, user]) => {
    const file = symbol.declarations[0].getSourceFile().fileName.slice(home.length + 1)
    return `parlance${door.slice(1)} does not give ${symbol.name} (${file}), which ${user} names`
  })
})
for (const line of missing.sort()) console.log(line)
process.exitCode = missing.length === 0 ? 0 : 1
