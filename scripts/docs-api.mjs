import { table } from './docs-markdown.mjs';

const schemaName = ($ref) => $ref.split('/').at(-1).replace(/Dto$/, '');

const schemaLink = ($ref) => `[${schemaName($ref)}](#${schemaName($ref).toLowerCase()})`;

function typeOf(schema) {
  if (schema.$ref) {
    return schemaLink(schema.$ref);
  }
  if (schema.allOf) {
    return schema.allOf.map(typeOf).join(', ');
  }
  const type = schema.type === 'array' ? `list of ${typeOf(schema.items)}` : (schema.type ?? 'object');
  const format = schema.format ? ` (${schema.format})` : '';
  const values = schema.enum ? `: ${schema.enum.map((value) => `\`${value}\``).join(', ')}` : '';
  return `${type}${format}${values}${schema.nullable ? ' or null' : ''}`;
}

const limitsOf = ({ minimum, maximum, default: fallback }) =>
  [
    minimum === undefined ? '' : `From ${minimum} to ${maximum}`,
    fallback === undefined ? '' : `Default: ${fallback}`,
  ]
    .filter(Boolean)
    .join('. ');

const operationsOf = (document) =>
  Object.entries(document.paths)
    .toSorted(([a], [b]) => a.localeCompare(b))
    .flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({
        route: `${method.toUpperCase()} ${path}`,
        ...operation,
      })),
    );

const answerOf = ({ description, content }) => {
  const schema = content?.['application/json']?.schema;
  return [description, schema ? typeOf(schema) : ''].filter(Boolean).join(': ') || '-';
};

const answersOf = (responses) =>
  table(
    ['status', 'answer'],
    responses.map(([status, response]) => [status, answerOf(response)]),
  );

/** Returns the answers that all operations share. */
const commonOf = (operations) =>
  Object.entries(operations[0].responses).filter(([status, response]) =>
    operations.every(({ responses }) => answerOf(responses[status] ?? {}) === answerOf(response)),
  );

function operationSection({ route, summary, description, parameters = [], responses }, common) {
  const commonStatuses = common.map(([status]) => status);
  const answers = answersOf(Object.entries(responses).filter(([status]) => !commonStatuses.includes(status)));
  const parameterTable = table(
    ['parameter', 'in', 'type', 'meaning'],
    parameters.map((parameter) => [
      `\`${parameter.name}\``,
      parameter.in,
      typeOf(parameter.schema),
      [parameter.description, limitsOf(parameter.schema)].filter(Boolean).join('. '),
    ]),
  );
  return [
    `### \`${route}\``,
    `${summary}.`,
    description,
    parameters.length > 0 ? parameterTable : '',
    answers,
  ]
    .filter(Boolean)
    .join('\n\n');
}

/** Returns every schema of an answer of the admin API, with the schemas nested in it. */
function schemasOf(document, operations) {
  const { schemas } = document.components;
  const names = new Set();
  const add = (value) => {
    for (const [, name] of JSON.stringify(value).matchAll(/#\/components\/schemas\/(\w+)/g)) {
      if (!names.has(name)) {
        names.add(name);
        add(schemas[name]);
      }
    }
  };
  operations.forEach(({ responses }) => add(responses));
  return [...names].toSorted((a, b) => a.localeCompare(b)).map((name) => [name, schemas[name]]);
}

/** Returns the anchor that GitHub gives to the heading of a route. */
const anchor = (route) =>
  `#${route
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-')}`;

/** Returns the generated parts of `docs/admin-api.md`: `routes` is the overview, `errors` has the answers that all routes share. */
export function apiTables(document) {
  const operations = operationsOf(document);
  const admin = operations.filter(({ route }) => route.includes(' /admin'));
  const keyless = operations.filter(({ route }) => !/ \/(admin|callback)/.test(route));
  const common = commonOf(admin);
  const sections = admin.map((operation) => operationSection(operation, common));
  const objects = schemasOf(document, admin).map(([name, { properties = {} }]) => {
    const rows = Object.entries(properties).map(([field, schema]) => [
      `\`${field}\``,
      typeOf(schema),
      schema.description ?? '',
    ]);
    return `### ${name.replace(/Dto$/, '')}\n\n${table(['field', 'type', 'meaning'], rows)}`;
  });
  return {
    routes: [
      table(
        ['route', 'what it does'],
        admin.map(({ route, summary }) => [`[\`${route}\`](${anchor(route)})`, summary]),
      ),
      table(
        ['route without a key', 'what it does'],
        keyless.map(({ route, summary }) => [`\`${route}\``, summary]),
      ),
    ].join('\n\n'),
    errors: answersOf(common),
    details: `## Routes\n\n${sections.join('\n\n')}\n\n## Objects\n\n${objects.join('\n\n')}`,
  };
}
