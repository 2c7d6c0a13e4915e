// The rules and the documents of this server. All names, limits and texts of rules on the page come from here.
import { load } from '/pkg/slim.js';

const json = async (url) => (await fetch(url)).json();

export const [rules, openapi, config, mistakes, calls] = await Promise.all([
  load('/pkg/rules.wasm'),
  ...['/openapi.json', '/config.json', '/mistakes.json', '/pkg/calls.json'].map(json),
]);

/** Resolves a `$ref` of the OpenAPI document. */
export function resolve(value) {
  return value.$ref ? value.$ref.split('/').slice(1).reduce((object, name) => object[name], openapi) : value;
}

const [path, operations] = Object.entries(openapi.paths)[0];
const { schema, examples } = Object.values(operations.post.requestBody.content)[0];
const body = resolve(schema);

export { examples };

/** The name of the member that has the token. */
export const tokenKey = Object.keys(body.properties).at(-1);

/** The path for reports. */
export const endpoint = path.replace('{version}', openapi.components.parameters.version.example);

/** The path that reads the call or outcome with an id. */
export const reading = (id) => `${endpoint}?${resolve(operations.get.parameters.at(-1)).name}=${encodeURIComponent(id)}`;

/** The switches of a report: those that are on or off, and those that take a number. */
const ofReport = (type) => operations.post.parameters.map(resolve).filter((parameter) => parameter.schema.type === type);
export const [switches, numbers] = ['boolean', 'number'].map(ofReport);

/** The registry's entry of a code. */
export const entryOf = (code) => rules.codes.find((entry) => entry.code === code);

/** The description of a parameter. */
export function describe(section, name) {
  const { anyOf = [], properties } = resolve(body.properties[section]);
  const all = [properties, ...anyOf.map((choice) => resolve(choice).properties)];
  return all.map((each) => each?.[name]?.description).find(Boolean) ?? '';
}

/** Whether this is a development server, which has the demo tokens. */
export const isDevelopment = ['127.0.0.1', 'localhost', '[::1]'].includes(location.hostname);

const isTime = (name) => name.endsWith('_time_t');

/** The parameters that are times, as pairs of section and name. */
export const times = Object.entries(rules.parameters).flatMap(([section, names]) =>
  names.filter(isTime).map((name) => [section, name]),
);

/** Converts a time in its normal form to milliseconds. */
export const milliseconds = (time) => Number(time) * (String(time).length > 11 ? 1 : 1000);

/** The date that the rules read from a value, or `undefined` if it is not a time. */
export function dateOf(section, name, value) {
  const { search, call_outcome } = Object.values(examples)[0].value;
  const sample = { search, call_outcome, [section]: section === 'search' ? { [name]: value } : { ...call_outcome, [name]: value } };
  const result = rules.validateValue(sample, config);
  return result.ok ? dateText(result.request[section][name]) : undefined;
}

/** Formats a time in its normal form as a date. */
export function dateText(time) {
  const date = new Date(milliseconds(time));
  return Number.isNaN(date.getTime()) ? undefined : `${date.toISOString().replace('T', ' ').replace(/(\.000)?Z$/, '')} UTC`;
}
