// Makes src/generated/ from docs/openapi.json and docs/asyncapi.json; with --check only says whether it is fresh.
//
// One small generator for both documents: they share their schemas, and so the types share their names. The published
// generators each know one of the two, and nest every type in `components["schemas"]["…"]`.
import { readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';

const root = new URL('../../../', import.meta.url);
const folder = new URL('../src/generated/', import.meta.url);
const banner = '// Generated from docs/openapi.json and docs/asyncapi.json by `npm run generate`. Do not edit.\n';

const openapi = JSON.parse(readFileSync(new URL('docs/openapi.json', root), 'utf8'));
const asyncapi = JSON.parse(readFileSync(new URL('docs/asyncapi.json', root), 'utf8'));

const pascal = (name) => name.replace(/(^|_)([a-z])/g, (_, __, letter) => letter.toUpperCase());
const camel = (name) => name.replace(/_([a-z0-9])/g, (_, letter) => letter.toUpperCase());
const key = (name) => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name));

/** A comment above a declaration; nothing when there is nothing to say. */
function comment(text, indent) {
  if (!text) return '';
  const lines = text.trim().replaceAll('*/', '*\\/').split('\n');
  if (lines.length === 1) return `${indent}/** ${lines[0]} */\n`;
  return `${indent}/**\n${lines.map((line) => `${indent} * ${line}`.trimEnd()).join('\n')}\n${indent} */\n`;
}

/** The TypeScript type of a JSON Schema. */
function typeOf(schema, indent = '') {
  if (schema === true || schema === undefined) return 'unknown';
  if (schema.$ref) return schema.$ref.split('/').pop();
  if ('const' in schema) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  for (const [word, joint] of [['allOf', ' & '], ['oneOf', ' | '], ['anyOf', ' | ']]) {
    if (!schema[word]) continue;
    const parts = [...new Set(schema[word].map((part) => typeOf(part, indent)))];
    const own = schema.properties ? [objectOf(schema, indent)] : [];
    const all = [...own, parts.length > 1 && own.length ? `(${parts.join(joint)})` : parts.join(joint)];
    return all.length > 1 ? all.join(' & ') : parts.length > 1 && joint === ' & ' ? parts.map(bracket).join(joint) : all[0];
  }
  const types = [schema.type].flat();
  return types.map((type) => plainType(type, schema, indent)).join(' | ');
}

const bracket = (type) => (type.includes(' | ') && !type.startsWith('{') ? `(${type})` : type);

function plainType(type, schema, indent) {
  switch (type) {
    case 'string': return 'string';
    case 'integer':
    case 'number': return 'number';
    case 'boolean': return 'boolean';
    case 'null': return 'null';
    case 'array': {
      const item = typeOf(schema.items, indent);
      return /[|&]/.test(item) && !item.startsWith('{') ? `Array<${item}>` : `${item}[]`;
    }
    case 'object': return objectOf(schema, indent);
    default: return 'unknown';
  }
}

function objectOf(schema, indent) {
  const inner = `${indent}  `;
  const required = new Set(schema.required ?? []);
  const fields = Object.entries(schema.properties ?? {}).map(([name, value]) =>
    `${comment(value.description, inner)}${inner}${key(name)}${required.has(name) ? '' : '?'}: ${typeOf(value, inner)};\n`);
  if (fields.length > 0) return `{\n${fields.join('')}${indent}}`;
  const rest = schema.additionalProperties;
  return rest && typeof rest === 'object' ? `Record<string, ${typeOf(rest, indent)}>` : 'Record<string, unknown>';
}

const declaration = (name, schema) => `${comment(schema.description, '')}export type ${name} = ${typeOf(schema)};\n`;

/** The schemas of both documents, of which the ones of one name are one. */
function schemas() {
  const all = new Map(Object.entries(openapi.components.schemas));
  for (const [name, schema] of Object.entries(asyncapi.components.schemas)) {
    if (!all.has(name)) all.set(name, schema);
  }
  return [...all].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, schema]) => declaration(name, page(name, schema, all)));
}

/** A page repeats the whole schema of its items in the document, with what may be null as if it could be absent. */
function page(name, schema, all) {
  const item = /^(?:Room)?Page_(\w+)$/.exec(name)?.[1];
  if (!item || !all.has(item) || !schema.properties?.items) return schema;
  const items = { ...schema.properties.items, items: { $ref: `#/components/schemas/${item}` } };
  return { ...schema, properties: { ...schema.properties, items } };
}

/** The frames, by what their key in the AsyncAPI document begins with. */
function frames() {
  const suffixes = { client: 'Frame', server: 'Frame', event: 'Event', signal: 'Signal' };
  const unions = { client: [], server: [], event: [], signal: [] };
  const texts = [];
  for (const [name, message] of Object.entries(asyncapi.components.messages)) {
    const [kind, type] = name.split('.');
    if (!(kind in suffixes)) continue;
    const own = `${pascal(type)}${suffixes[kind]}`;
    unions[kind].push(own);
    if (!(message.payload.$ref ?? '').endsWith(`/${own}`)) texts.push(declaration(own, { description: message.summary, ...message.payload }));
  }
  const union = (name, about, members) => `/** ${about} */\nexport type ${name} =${members.map((member) => `\n  | ${member}`).join('')};\n`;
  texts.push(union('ClientFrame', 'What a client says.', unions.client));
  texts.push(union('DurableEvent', 'What happened in a room: it has a `seq` and is never missed.', unions.event));
  texts.push(union('Signal', 'What may be missed.', unions.signal));
  texts.push(union('ServerFrame', 'What the server says.', [...unions.server, 'DurableEvent', 'Signal']));
  return texts;
}

/** The operations of REST that take and answer JSON, in the order of their names. */
function operations() {
  const found = [];
  for (const [path, methods] of Object.entries(openapi.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      if (!operation?.operationId) continue;
      const success = Object.entries(operation.responses).find(([status]) => status.startsWith('2'));
      if (!success) continue;
      const content = success[1].content ?? {};
      const isJson = Object.keys(content).length === 0 || 'application/json' in content;
      const body = operation.requestBody?.content;
      if (!isJson || (body && !('application/json' in body))) continue;
      found.push({ method: method.toUpperCase(), path, operation, body: body?.['application/json'].schema, answer: content['application/json']?.schema });
    }
  }
  return found.sort((a, b) => (a.operation.operationId < b.operation.operationId ? -1 : 1));
}

const deref = (parameter) => (parameter.$ref ? openapi.components.parameters[parameter.$ref.split('/').pop()] : parameter);

function restInterface(all) {
  const methods = all.map(({ method, path, operation, body, answer }) => {
    const fields = (operation.parameters ?? []).map(deref)
      .filter((parameter) => parameter.in === 'path' || parameter.in === 'query')
      .map((parameter) => ({ name: parameter.name, isRequired: parameter.required === true, text:
        `${comment(parameter.description, '    ')}    ${key(parameter.name)}${parameter.required ? '' : '?'}: ${typeOf(parameter.schema, '    ')};\n` }));
    if (body) {
      const isRequired = operation.requestBody.required !== false;
      fields.push({ name: 'body', isRequired, text: `    body${isRequired ? '' : '?'}: ${typeOf(body, '    ')};\n` });
    }
    const isOptional = fields.every((field) => !field.isRequired);
    const input = fields.length === 0 ? '{}' : `{\n${fields.map((field) => field.text).join('')}  }`;
    const about = `${operation.summary ?? operation.operationId}: \`${method} ${path}\`.${operation.description ? `\n\n${operation.description}` : ''}`;
    return `${comment(about, '  ')}  ${camel(operation.operationId)}(input${isOptional ? '?' : ''}: ${input}, options?: CallOptions): Promise<${answer ? typeOf(answer, '  ') : 'void'}>;\n`;
  });
  const options = '/** How one call is made. */\nexport type CallOptions = {\n'
    + '  /** Ends the call. */\n  signal?: AbortSignal;\n'
    + '  /** How long the answer may take, in milliseconds. */\n  timeoutMs?: number;\n'
    + '  /** Further headers, such as `Idempotency-Key`. */\n  headers?: Record<string, string>;\n};\n';
  return `${options}\n/** Every operation of the OpenAPI document that speaks JSON, by its name there. */\nexport interface Rest {\n${methods.join('\n')}}\n`;
}

function operationTable(all) {
  const rows = all.map(({ method, path, operation }) => {
    const isOpen = !operation.security || operation.security.length === 0;
    return `  ${camel(operation.operationId)}: ['${method}', '${path.slice(1)}', ${isOpen}],\n`;
  });
  return `${banner}\n/**\n * Method, path below the base, and whether it is open to strangers, by name.\n *\n * @type {Record<string, [method: string, path: string, isOpen: boolean]>}\n */\nexport const OPERATIONS = {\n${rows.join('')}};\n`;
}

const all = operations();
const outputs = {
  'types.d.ts': [banner, ...schemas(), ...frames(), restInterface(all)].join('\n'),
  'operations.js': operationTable(all),
};

const isCheck = process.argv.includes('--check');
for (const [name, text] of Object.entries(outputs)) {
  const file = new URL(name, folder);
  if (!isCheck) {
    writeFileSync(file, text);
    continue;
  }
  let old = '';
  try {
    old = readFileSync(file, 'utf8');
  } catch {
    // A missing file is as stale as an old one.
  }
  if (old !== text) {
    console.error(`web/sdk/src/generated/${name} is stale: run \`npm run generate\` in web/sdk`);
    process.exitCode = 1;
  }
}
