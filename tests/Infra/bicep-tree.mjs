// Parses Bicep files, given as arguments, and writes for each its syntax tree and what is no Bicep in it, as JSON. Nodes have a type, a line,
// their source text and their children. It knows the grammar only: names, types and versions are for the tests.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Language, Parser } from 'web-tree-sitter';

const grammar = join(dirname(createRequire(import.meta.url).resolve('tree-sitter-bicep/package.json')), 'tree-sitter-bicep.wasm');
await Parser.init();
const parser = new Parser();
parser.setLanguage(await Language.load(grammar));

// In a parameters file a parameter has no type, and the grammar misses it: its one error there is none.
const isUntypedParameter = (node, file) => node.isMissing && file.endsWith('.bicepparam') && node.parent?.type === 'type';

const errors = (node, file) => {
  if (!node.hasError || isUntypedParameter(node, file)) return [];
  if (node.isMissing || node.type === 'ERROR') return [`${node.startPosition.row + 1}:${node.startPosition.column + 1} ${node.isMissing ? `missing ${node.type}` : 'not Bicep'}`];
  return node.children.flatMap(child => errors(child, file));
};

const tree = node => ({
  type: node.type,
  line: node.startPosition.row + 1,
  text: node.text,
  children: node.namedChildren.map(tree),
});

const answers = process.argv.slice(2).map(file => {
  const root = parser.parse(readFileSync(file, 'utf8')).rootNode;
  return { file, errors: errors(root, file), tree: tree(root) };
});
process.stdout.write(JSON.stringify(answers));
