// The surface: what is exported is on the list, and what an exported type mentions is exported too.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import ts from 'typescript'
import * as uvm from '#dist/index.js'
import { INDEX, surface } from './program.js'

const ROOT = new URL('../../../', import.meta.url)
const LIST = new URL('test/surface/exports.txt', ROOT)

describe('the surface', () => {
  let checker: ts.TypeChecker
  let exported: ts.Symbol[]

  before(() => {
    const made = surface()
    checker = made.getTypeChecker()
    exported = checker.getExportsOfModule(checker.getSymbolAtLocation(made.getSourceFile(INDEX)!)!)
  })

  const resolved = (symbol: ts.Symbol): ts.Symbol =>
    symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol

  it('is what the list says: values and types', () => {
    const values = new Set(Object.keys(uvm))
    // What `export type *` brings along of values can be neither called nor named as a type.
    const types = exported.filter((symbol) => (resolved(symbol).flags & ts.SymbolFlags.Type) !== 0)
    const lines = [
      ...[...values].map((name) => `value ${name}`),
      ...types.filter(({ name }) => !values.has(name)).map(({ name }) => `type ${name}`),
    ]
    assert.deepEqual(lines.sort(), readFileSync(LIST, 'utf8').trim().split('\n'))
  })

  it('has every type that an exported type mentions', () => {
    const namespace = exported.find(({ name }) => name === 'schema')!
    const known = new Set([...exported, ...checker.getExportsOfModule(resolved(namespace))].map(resolved))
    const missing = new Set<string>()
    const visit = (node: ts.Node, from: string): void => {
      if (ts.isTypeReferenceNode(node) || ts.isExpressionWithTypeArguments(node)) {
        const symbol = checker.getSymbolAtLocation(ts.isTypeReferenceNode(node) ? node.typeName : node.expression)
        if (symbol !== undefined) mention(resolved(symbol), from)
      }
      ts.forEachChild(node, (child) => {
        // What is private, protected (nobody can make one) or internal is nobody's to name.
        const isHidden = ts.getJSDocTags(child).some(({ tagName }) => tagName.text === 'internal')
        const flags = ts.canHaveModifiers(child) ? ts.getCombinedModifierFlags(child as ts.Declaration) : 0
        if (!isHidden && (flags & (ts.ModifierFlags.Private | ts.ModifierFlags.Protected)) === 0) visit(child, from)
      })
    }
    const mention = (symbol: ts.Symbol, from: string): void => {
      const files = (symbol.declarations ?? []).map((one) => one.getSourceFile().fileName)
      const isOurs = files.some((file) => file.includes('/dist/') && !file.includes('/node_modules/'))
      const isParameter = (symbol.flags & ts.SymbolFlags.TypeParameter) !== 0
      const isType = (symbol.flags & ts.SymbolFlags.Type) !== 0
      if (isOurs && isType && !isParameter && !known.has(symbol)) {
        missing.add(`${symbol.name}, mentioned by ${from}`)
      }
    }
    for (const symbol of known) {
      for (const declaration of symbol.declarations ?? []) {
        if (!ts.isSourceFile(declaration) && !ts.isVariableDeclaration(declaration)) visit(declaration, symbol.name)
      }
    }
    assert.deepEqual([...missing], [])
  })

  it('has interfaces for Host, VM, guest, container and process that lead to no class with private members', () => {
    const likes = exported.filter(({ name }) => name.endsWith('Like'))
    assert.equal(likes.length, 7)
    // Whoever implements them is given these, and makes none.
    const given = new Set(['UtilityVMBuilder', 'UVMError', 'HcsError'])
    const seen = new Set<ts.Symbol>()
    const nominal = new Set<string>()
    const visit = (node: ts.Node): void => {
      const names = ts.isTypeReferenceNode(node)
        ? [node.typeName]
        : ts.isExpressionWithTypeArguments(node)
          ? [node.expression]
          : []
      for (const name of names) {
        const symbol = checker.getSymbolAtLocation(name)
        if (symbol !== undefined) follow(resolved(symbol))
      }
      ts.forEachChild(node, visit)
    }
    const follow = (symbol: ts.Symbol): void => {
      if (seen.has(symbol) || given.has(symbol.name)) return
      seen.add(symbol)
      for (const declaration of symbol.declarations ?? []) {
        const { fileName } = declaration.getSourceFile()
        if (!fileName.includes('/dist/') || fileName.includes('/node_modules/')) continue
        const isPrivate = (member: ts.ClassElement): boolean =>
          (member.name !== undefined && ts.isPrivateIdentifier(member.name)) ||
          (ts.getCombinedModifierFlags(member) & (ts.ModifierFlags.Private | ts.ModifierFlags.Protected)) !== 0
        if (!ts.isClassDeclaration(declaration)) visit(declaration)
        else if (declaration.members.some(isPrivate)) nominal.add(symbol.name)
      }
    }
    for (const like of likes) follow(resolved(like))
    assert(seen.size > 50)
    assert.deepEqual([...nominal], [])
  })
})
