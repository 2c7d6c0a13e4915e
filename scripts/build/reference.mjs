// Writes the API reference from the OpenAPI document and the registry of codes that the crate prints: www/openapi.json,
// www/errors.json, www/mistakes.json, www/docs.html and a page for every code in www/errors/. The pages are plain HTML that
// needs no scripts.
import { execFile } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { root } from '../lib/run.mjs';

const EXAMPLE = ['run', '--quiet', '--locked', '--features', 'openapi', '--example', 'reference'];
const SERVER = 'http://127.0.0.1:8787';

/** Writes the reference into www/. */
export async function reference() {
  const { stdout } = await promisify(execFile)('cargo', EXAMPLE, { cwd: root, maxBuffer: 1 << 26 });
  const { openapi, errors, mistakes } = JSON.parse(stdout);
  const www = (...path) => join(root, 'www', ...path);
  await rm(www('errors'), { recursive: true, force: true });
  await mkdir(www('errors'));
  await Promise.all([
    writeFile(www('openapi.json'), `${JSON.stringify(openapi, null, 2)}\n`),
    writeFile(www('errors.json'), `${JSON.stringify(errors)}\n`),
    writeFile(www('mistakes.json'), `${JSON.stringify(mistakes)}\n`),
    writeFile(www('docs.html'), docs(openapi, errors)),
    ...errors.map((error) => writeFile(www('errors', `${error.code}.html`), codePage(error, mistakes))),
  ]);
}

/** A text as HTML, with `code` between backticks. */
const prose = (text) => escape(text).replace(/`([^`]+)`/g, '<code>$1</code>');

function escape(text) {
  return String(text).replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}

function page(title, body) {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(title)}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/style.css">
</head>
<body>
${body}
</body>
</html>
`;
}

function codePage({ code, severity, class: type, status, title, message, advice }, mistakes) {
  const facts = [
    ['Severity', severity],
    ['Status', status],
    ['Class', type && `<code>${escape(type)}</code>`],
    ['Message', `<code>${escape(message)}</code>`],
  ];
  const rows = facts.filter(([, fact]) => fact).map(([name, fact]) => `<dt>${name}</dt><dd>${fact}</dd>`);
  return page(
    `${code}: ${title}`,
    `<main class="code-page">
<p><a href="/docs#errors">All error codes</a></p>
<h1>${prose(title)}</h1>
<p><code class="name">${escape(code)}</code></p>
<p class="advice">${prose(advice)}</p>
<dl>${rows.join('')}</dl>${example(mistakes.find((mistake) => mistake.code === code))}
</main>`,
  );
}

/** A request that is answered with the code, and a link to the playground. */
function example(mistake) {
  if (!mistake) return '';
  const { code, query, request } = mistake;
  return `
<h2>Example request</h2>${query ? `\n<p>With <code>?${escape(query.includes('=') ? query : `${query}=true`)}</code>:</p>` : ''}
<pre tabindex="0"><code>${escape(request)}</code></pre>
<p><a href="/#mistake:${code}">Try it in the playground</a></p>`;
}

function docs(openapi, errors) {
  const resolve = (value) =>
    value?.$ref
      ? value.$ref
          .split('/')
          .slice(1)
          .reduce((at, name) => at[name.replaceAll('~1', '/')], openapi)
      : value;
  const operations = Object.entries(openapi.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), ...operation })),
  );
  const groups = openapi.tags.map((tag) => [tag, operations.filter(({ tags }) => tags.includes(tag.name))]);
  const contents = groups.map(
    ([{ name }, members]) =>
      `<li><a href="#${name.toLowerCase()}">${name}</a><ul>${members
        .map(({ operationId, method, path }) => `<li><a href="#${operationId}"><b>${method}</b> ${brief(path)}</a></li>`)
        .join('')}</ul></li>`,
  );
  const seen = new Map();
  const sections = groups.map(
    ([{ name, description }, members]) => `<section aria-labelledby="${name.toLowerCase()}">
<h2 id="${name.toLowerCase()}">${name}</h2>
<p>${prose(description)}</p>
${members.map((operation) => operationSection(operation, resolve, seen)).join('\n')}
</section>`,
  );
  return page(
    `${openapi.info.title}: reference`,
    `<a class="skip" href="#main">Skip to the reference</a>
<div class="docs">
<nav aria-label="Contents">
<p><a href="/">${escape(openapi.info.title)}</a> <small>${escape(openapi.info.version)}</small></p>
<ul>${contents.join('')}<li><a href="#errors">Errors</a></li></ul>
<p><a href="/openapi.json">openapi.json</a> · <a href="/errors.json">errors.json</a></p>
</nav>
<main id="main">
<h1>${escape(openapi.info.title)}</h1>
<p>${prose(openapi.info.description)}</p>
<p>${prose(openapi.components.securitySchemes.token.description)}</p>
${sections.join('\n')}
${errorsSection(errors)}
</main>
</div>`,
  );
}

const brief = (path) => escape(path.replace('/api/{version}', ''));

/** The section of a route. If an earlier route has the same request and answers, it only links there. */
function operationSection(operation, resolve, seen) {
  const { operationId, method, path, summary, description, parameters = [], requestBody, responses } = operation;
  const body = requestBody?.content['application/json'];
  const head = `<h3 id="${operationId}"><span class="method ${method.toLowerCase()}">${method}</span> <code>${escape(path)}</code></h3>`;
  const params =
    parameters.length > 0 ? table('Parameters', ['Name', 'In', 'Description'], parameters.map(resolve).map(parameterRow)) : '';
  const shape = JSON.stringify([requestBody, responses]);
  const first = seen.get(shape);
  if (first) {
    const own = parameters.length > first.parameters.length ? params : '';
    return `<article aria-labelledby="${operationId}">${head}
<p><strong>${prose(summary)}.</strong> The request and the answers are the same as for <a href="#${first.operationId}">${first.method} ${brief(first.path)}</a>.</p>${own}</article>`;
  }
  seen.set(shape, operation);
  return `<article aria-labelledby="${operationId}">${head}
<p><strong>${prose(summary)}.</strong> ${prose(description ?? '')}</p>
${params}
${body ? fields(body.schema, resolve) : ''}
${examples(method, path, body)}
${table('Answers', ['Status', 'Description'], Object.entries(responses).map(([status, response]) => [`<b>${status}</b>`, answer(status, resolve(response))]))}
${answerExamples(responses, resolve)}
</article>`;
}

const parameterRow = (parameter) => [
  `<code>${escape(parameter.name)}</code>${parameter.required ? ' <small>required</small>' : ''}`,
  parameter.in,
  prose(parameter.description ?? '') + limit(parameter.schema),
];

function answer(status, { description }) {
  const names = description.split(', ');
  if (status < 400 || names.some((name) => name.includes(' '))) return prose(description);
  return names.map((name) => `<a href="#class-${name}"><code>${name}</code></a>`).join(', ');
}

/** A table for each object in a request. */
function fields(schema, resolve) {
  const objects = [];
  const visit = (name, value) => {
    const object = resolve(value);
    for (const choice of object.anyOf ?? []) if (choice.$ref) visit(name, choice);
    if (object.items) visit(`${name}[]`, object.items);
    const properties = Object.entries(members(object));
    if (properties.length === 0) return;
    const leaves = properties.filter(([, property]) => !isObject(resolve(property)) && resolve(property).description);
    if (leaves.length > 0) objects.push([name, object, leaves]);
    for (const [key, property] of properties) if (isObject(resolve(property))) visit(name ? `${name}.${key}` : key, property);
  };
  const members = ({ anyOf = [], allOf = [], properties }) =>
    Object.assign({}, properties, ...[...anyOf, ...allOf].map(members), properties);
  const isObject = (value) => value.type === 'object' || value.type === 'array' || value.anyOf?.some(({ $ref }) => $ref);
  visit('', schema);
  return objects
    .map(([name, { required = [], description }, leaves]) => {
      const rows = leaves.map(([key, property]) => [
        `<code>${escape(key)}</code>${required.includes(key) ? ' <small>required</small>' : ''}`,
        prose(property.description) + limit(property),
      ]);
      const caption = name ? `<code>${escape(name)}</code>${description ? `: ${prose(description)}` : ''}` : 'Body';
      return table(caption, ['Parameter', 'Description'], rows);
    })
    .join('\n');
}

function limit({ maxLength, minimum, maximum, default: value } = {}) {
  const parts = [
    maxLength && `at most ${maxLength.toLocaleString('en')} characters`,
    minimum !== undefined && maximum !== undefined && `${minimum} to ${maximum.toLocaleString('en')}`,
    value !== undefined && `default <code>${escape(value)}</code>`,
  ].filter(Boolean);
  return parts.length > 0 ? ` <small>${parts.join('; ')}</small>` : '';
}

function table(caption, head, rows) {
  const cells = rows.map((row) => `<tr>${row.map((cell, at) => (at === 0 ? `<th scope="row">${cell}</th>` : `<td>${cell}</td>`)).join('')}</tr>`);
  return `<div class="scroll" tabindex="0" role="region" aria-label="${caption.replace(/<[^>]+>/g, '').split(':')[0]}"><table>
<caption>${caption}</caption>
<thead><tr>${head.map((name) => `<th scope="col">${name}</th>`).join('')}</tr></thead>
<tbody>${cells.join('\n')}</tbody>
</table></div>`;
}

function examples(method, path, body) {
  const url = `${SERVER}${path.replace('{version}', '2015-08-17').replace('{network_id}', '3')}`;
  if (!body) {
    const query = path.endsWith('call_outcomes') ? '?transaction_id=00000000-00000001' : '';
    const token = path.startsWith('/api') ? "-H 'Authorization: Bearer demo-network-token' \\\n  " : '';
    return `<pre tabindex="0"><code>${escape(`curl ${token}'${url}${query}'`)}</code></pre>`;
  }
  return Object.values(body.examples)
    .map(({ summary, value }) => {
      const curl = `curl -X ${method} -H 'Content-Type: application/json' -d '${JSON.stringify(value, null, 2)}' \\\n  ${url}`;
      return `<details><summary>${escape(summary)}</summary><pre tabindex="0"><code>${escape(curl)}</code></pre></details>`;
    })
    .join('\n');
}

function answerExamples(responses, resolve) {
  return Object.entries(responses)
    .flatMap(([status, response]) =>
      Object.values(resolve(response).content?.['application/json']?.examples ?? {}).map(
        ({ value }) =>
          `<details><summary>Example of an answer: ${status}</summary><pre tabindex="0"><code>${escape(JSON.stringify(value, null, 2))}</code></pre></details>`,
      ),
    )
    .join('\n');
}

function errorsSection(errors) {
  const classes = new Map();
  for (const error of errors) {
    const name = error.severity === 'warning' ? 'Warnings' : `${error.status} ${error.class}`;
    classes.set(name, [...(classes.get(name) ?? []), error]);
  }
  const tables = [...classes].map(([name, members]) => {
    const rows = members.map(({ code, title, advice }) => [
      `<a href="/errors/${code}"><code>${code}</code></a>`,
      `${prose(title)}. <span class="advice">${prose(advice)}</span>`,
    ]);
    const id = name.split(' ').at(-1);
    return `<div id="class-${id}">${table(escape(name), ['Code', 'Description and advice'], rows)}</div>`;
  });
  return `<section aria-labelledby="errors">
<h2 id="errors">Errors</h2>
<p>An error names its class and, in <code>X-Error-Code</code>, the code of the first problem; with <code>Accept: application/problem+json</code> the answer lists every problem with its code, its place and, where that is certain, what to write instead. A released code never changes its meaning. Warnings, in <code>X-Warnings</code>, don't refuse a request.</p>
<pre tabindex="0"><code>${escape('{"errors":{"class":"RecordInvalid","invalid_data":"Validation failed: transaction_id or start_time_t must be present"}}')}</code></pre>
${tables.join('\n')}
</section>`;
}
