// The rules as JSON Schema: those of the server's own OpenAPI document, for ajv and typebox.
import { readFile } from 'node:fs/promises';
import Ajv from 'ajv/dist/2020.js';
import Schema from 'typebox/schema';
import { Settings } from 'typebox/system';

const openapi = JSON.parse(await readFile(new URL('../../www/openapi.json', import.meta.url), 'utf8'));
const schemas = JSON.parse(JSON.stringify(openapi.components.schemas).replaceAll('#/components/schemas/', '#/$defs/'));
const { SearchById, SearchByTime, Search, CallOutcomeParameters, Report } = schemas;
const report = { ...Report, $defs: { SearchById, SearchByTime, Search, CallOutcomeParameters } };

const compiled = new Ajv({ strict: false, allErrors: true, logger: false }).compile(report);
/** Each returns the paths of what is wrong, or nothing. */
export const ajv = (value) => (compiled(value) ? undefined : compiled.errors.map(({ instancePath }) => instancePath));

Settings.Set({ maxErrors: 100 });
const checked = Schema.Compile(report);
export const typebox = (value) =>
  checked.Check(value) ? undefined : checked.Errors(value)[1].map(({ instancePath }) => instancePath);

/** A good report, as the document shows it. */
export const example = openapi.paths['/api/{version}/call_outcomes'].post.requestBody.content['application/json'].examples.sale.value;
