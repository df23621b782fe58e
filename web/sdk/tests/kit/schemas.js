// Every frame that is sent or received must be one that the AsyncAPI document describes.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';

const document = JSON.parse(readFileSync(new URL('../../../../docs/asyncapi.json', import.meta.url), 'utf8'));
// The document's own words, such as `example`, are none of JSON Schema's.
const ajv = new Ajv2020({ strict: false, allErrors: true });
formats.default(ajv);
for (const [name, type] of [['int32', 'number'], ['int64', 'number']]) ajv.addFormat(name, { type, validate: Number.isSafeInteger });
ajv.addSchema({ $id: 'asyncapi', ...document });

/** By direction, then by type. */
const validators = { in: new Map(), out: new Map() };
for (const key of Object.keys(document.components.messages)) {
  const [kind, type] = key.split('.');
  if (kind === 'rabbitmq') continue;
  const pointer = `asyncapi#/components/messages/${key.replaceAll('~', '~0').replaceAll('/', '~1')}/payload`;
  validators[kind === 'client' ? 'out' : 'in'].set(type, ajv.compile({ $ref: pointer }));
}

/** What was validated so far, by direction and type: a test asks whether all the types were. */
export const validated = new Set();

/** @param {{ direction: 'in' | 'out', text: string }} frame */
export function validate({ direction, text }) {
  const frame = JSON.parse(text);
  const check = validators[direction].get(frame.type);
  assert.ok(check, `a frame that no document describes: ${direction} ${text}`);
  validated.add(`${direction} ${frame.type}`);
  assert.ok(check(frame), `${direction} ${text}: ${ajv.errorsText(check.errors)}`);
}
