/**
 * Mutants: every source gets all its small bugs at once, each behind a switch (`__mutant === 17 ? wrong : right`), so that one
 * bundle serves all of them. Types, strings and import lists are left alone.
 */
import { parseSync, types as t, transformFromAstSync } from '@babel/core';

const BINARY = {
  '+': ['-'],
  '-': ['+'],
  '*': ['/'],
  '/': ['*'],
  '%': ['*'],
  '&': ['|'],
  '|': ['&'],
  '^': ['|'],
  '<<': ['>>'],
  '>>': ['<<'],
  '>>>': ['<<'],
  '<': ['<=', '>='],
  '<=': ['<', '>'],
  '>': ['>=', '<='],
  '>=': ['>', '<'],
  '===': ['!=='],
  '!==': ['==='],
};
const ASSIGNMENT = {
  '+=': '-=',
  '-=': '+=',
  '*=': '/=',
  '|=': '&=',
  '&=': '|=',
  '^=': '|=',
  '<<=': '>>=',
  '>>=': '<<=',
  '>>>=': '<<=',
  '&&=': '||=',
  '||=': '&&=',
};
const METHODS = { min: 'max', max: 'min', some: 'every', every: 'some' };
/** Nodes with a value inside a type. */
const TYPED_VALUES = new Set(['TSAsExpression', 'TSNonNullExpression', 'TSSatisfiesExpression']);

/** Without casts: printed without their brackets, `(a as T) | b` would become a type. */
function withoutCasts(node) {
  if (TYPED_VALUES.has(node.type)) return withoutCasts(node.expression);
  for (const key of t.VISITOR_KEYS[node.type]) {
    const child = node[key];
    if (Array.isArray(child)) node[key] = child.map((item) => item && withoutCasts(item));
    else if (child) node[key] = withoutCasts(child);
  }
  return node;
}

/** What could stand in place of an expression; each a copy of the untouched source. */
function variantsOf(node) {
  const copy = (changes) => Object.assign(t.cloneNode(node, true), changes);
  switch (node.type) {
    case 'BinaryExpression':
      return (BINARY[node.operator] ?? []).map((operator) => [
        `${node.operator} becomes ${operator}`,
        copy({ operator }),
      ]);
    case 'LogicalExpression':
      if (node.operator === '??') return [['?? and what follows is dropped', t.cloneNode(node.left, true)]];
      return [
        [
          `${node.operator} becomes ${node.operator === '&&' ? '||' : '&&'}`,
          copy({ operator: node.operator === '&&' ? '||' : '&&' }),
        ],
      ];
    case 'UnaryExpression':
      return ['!', '-', '~'].includes(node.operator)
        ? [[`${node.operator} is dropped`, t.cloneNode(node.argument, true)]]
        : [];
    case 'BooleanLiteral':
      return [[`${node.value} becomes ${!node.value}`, t.booleanLiteral(!node.value)]];
    case 'NumericLiteral':
      return [[`${node.value} becomes ${node.value + 1}`, t.numericLiteral(node.value + 1)]];
    case 'AssignmentExpression':
      return node.operator in ASSIGNMENT
        ? [
            [
              `${node.operator} becomes ${ASSIGNMENT[node.operator]}`,
              copy({ operator: ASSIGNMENT[node.operator] }),
            ],
          ]
        : [];
    case 'CallExpression': {
      const { callee } = node;
      const name =
        t.isMemberExpression(callee) && t.isIdentifier(callee.property) ? callee.property.name : '';
      if (!Object.hasOwn(METHODS, name)) return [];
      const changed = copy({});
      changed.callee.property.name = METHODS[name];
      return [[`${name} becomes ${METHODS[name]}`, changed]];
    }
    default:
      return [];
  }
}

/** What a condition could be instead. */
function conditionVariants(parent, key) {
  if (key !== 'test') return [];
  if (parent.type === 'IfStatement' || parent.type === 'ConditionalExpression')
    return [true, false].map((value) => [`the condition is ${value}`, t.booleanLiteral(value)]);
  if (/^(?:For|While)Statement$/.test(parent.type))
    return [['the condition is false', t.booleanLiteral(false)]];
  return [];
}

function isRemovable(node) {
  return (
    node.type === 'ExpressionStatement' &&
    !(t.isCallExpression(node.expression) && t.isSuper(node.expression.callee))
  );
}

/**
 * A source with all its mutants.
 * @param first number of the first mutant
 * @param mode 'switch': `__mutant` chooses one; 'reach': each place notes its number in `__reach` instead
 */
export function mutateSource(source, file, { first, mode }) {
  const ast = parseSync(source, {
    filename: file,
    configFile: false,
    babelrc: false,
    parserOpts: { plugins: ['typescript'] },
  });
  const mutants = [];
  const lines = source.split('\n');
  const number = (node, what) => {
    const { line } = node.loc.start;
    mutants.push({ id: first + mutants.length, file, line, what, text: lines[line - 1].trim() });
    return t.numericLiteral(mutants.at(-1).id);
  };
  const isOn = (id) => t.binaryExpression('===', t.identifier('__mutant'), id);
  const reach = (id) =>
    t.assignmentExpression('=', t.memberExpression(t.identifier('__reach'), id, true), t.numericLiteral(1));

  const walk = (node, parent, key) => {
    if (node.type.startsWith('TS')) return node;
    if (/^(?:Import|ExportAll)/.test(node.type) || (node.type === 'ExportNamedDeclaration' && node.source))
      return node;
    const variants = t.isExpression(node) ? [...variantsOf(node), ...conditionVariants(parent, key)] : [];
    const removal = isRemovable(node) ? number(node, 'the statement is removed') : undefined;
    for (const childKey of t.VISITOR_KEYS[node.type]) {
      if (childKey === 'key' && !node.computed) continue;
      const child = node[childKey];
      if (Array.isArray(child)) {
        for (const [index, item] of child.entries()) if (item) child[index] = walk(item, node, childKey);
      } else if (child) node[childKey] = walk(child, node, childKey);
    }
    if (removal !== undefined) {
      return mode === 'reach'
        ? t.blockStatement([t.expressionStatement(reach(removal)), node])
        : t.ifStatement(t.unaryExpression('!', isOn(removal)), t.blockStatement([node]));
    }
    return variants.reduce((right, [what, wrong]) => {
      const id = number(node, what);
      return mode === 'reach'
        ? t.sequenceExpression([reach(id), right])
        : t.conditionalExpression(isOn(id), wrong, right);
    }, node);
  };
  ast.program.body = ast.program.body.map((node) => walk(withoutCasts(node), ast.program, 'body'));
  const { code } = transformFromAstSync(ast, source, {
    filename: file,
    configFile: false,
    babelrc: false,
    parserOpts: { plugins: ['typescript'] },
    generatorOpts: { compact: false },
  });
  return { code, mutants };
}
