import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { webhooksEnv } from '../src/callback/payloads/webhooks-yml.js';
import type { Config } from '../src/config/config.js';
import { readConfig } from '../src/config/read-config.js';
import { HealthController } from '../src/health/health.controller.js';
import { MetricsController } from '../src/metrics/metrics.controller.js';

const ROOT = join(import.meta.dirname, '..');
const read = (name: string): string => readFileSync(join(ROOT, name), 'utf8');
const yaml = (name: string): unknown => parse(read(name), { merge: true });
const dockerfile = read('Dockerfile');
/** Time until the service has ended, in s. */
const SHUTDOWN_S = Number(/SHUTDOWN_MS = (\d+)_000;/.exec(read('src/service.ts'))![1]);

/** Lines `NAME=value`, with a value for each empty one. */
const settingsOf = (lines: string[]): Record<string, string> =>
  Object.fromEntries(lines.map((line) => [line.split('=')[0]!, line.replace(/^[^=]*=/, '') || 'secret']));
const productionConfig = (settings: Record<string, string>): Config =>
  readConfig({ NODE_ENV: 'production', ...settings });

/** The path of a route of a controller. */
function pathOf<T extends object>(controller: { prototype: T }, method: keyof T): string {
  const paths = [controller, controller.prototype[method] as object];
  return paths
    .map((target) => `/${String(Reflect.getMetadata('path', target)).replaceAll('/', '')}`)
    .join('');
}

interface Service {
  image?: string;
  profiles?: string[];
  logging: { options: Record<string, string> };
  environment: Record<string, string>;
  ports?: string[];
  stop_grace_period?: string;
}

describe('docker-compose.yml', () => {
  const { services } = yaml('docker-compose.yml') as { services: Record<string, Service> };
  const own = services['openim-group-sync']!;

  it('rotates the log of every service', () => {
    for (const [name, { logging }] of Object.entries(services)) {
      expect([name, logging?.options]).toEqual([name, { 'max-size': '10m', 'max-file': '5' }]);
    }
  });

  it('starts OpenIM only by its profile, each image with its version', () => {
    const profiles = Object.entries(services).map(([name, { profiles: of = [] }]) => [name, of]);
    expect(profiles.filter(([, of]) => of!.length === 0).map(([name]) => name)).toEqual([
      'postgres',
      'openim-group-sync',
    ]);
    expect(
      Object.values(services).flatMap(({ image }) => (image && !/:.*\d/.test(image) ? [image] : [])),
    ).toEqual([]);
  });

  it('gives OpenIM the callbacks that webhooks-yml prints, at the name and port of the service', () => {
    const { environment } = services['openim-server']!;
    const webhooks = Object.entries(environment).filter(([name]) => name.startsWith('IMENV_WEBHOOKS_'));
    const url = 'http://openim:${CALLBACK_TOKEN}@openim-group-sync:3000/callback';
    expect(webhooks.map(([name, value]) => `${name}=${value}`)).toEqual(webhooksEnv(url, '3.8.3'));
    expect(own.ports).toEqual([expect.stringMatching(/:3000$/)]);
  });

  it('has the OpenIM that .env.example names', () => {
    const [, host = ''] = /^#OPENIM_API_URL=http:\/\/([\w-]+):10002$/m.exec(read('.env.example'))!;
    expect(services).toHaveProperty(host);
  });

  it('waits for the end of the service', () => {
    expect(Number.parseInt(own.stop_grace_period!, 10)).toBeGreaterThan(SHUTDOWN_S);
  });

  it('joins the network of an OpenIM by docker-compose.openim-network.yml', () => {
    const { services: joined, networks } = yaml('docker-compose.openim-network.yml') as {
      services: Record<string, { networks: string[] }>;
      networks: Record<string, { external: boolean }>;
    };
    expect(Object.keys(joined)).toEqual(['openim-group-sync']);
    expect(joined['openim-group-sync']!.networks).toEqual(['default', 'openim']);
    expect(networks['openim']!.external).toBe(true);
  });
});

interface Probe {
  httpGet: { path: string; port: string };
  timeoutSeconds: number;
}

describe('ops/kubernetes', () => {
  const folder = 'ops/kubernetes';
  const { resources, configMapGenerator, secretGenerator, ...kustomization } = yaml(
    `${folder}/kustomization.yaml`,
  ) as {
    resources: string[];
    configMapGenerator: { literals: string[] }[];
    secretGenerator: { envs: string[] }[];
    images: { name: string }[];
    labels: { pairs: Record<string, string> }[];
  };
  const { spec } = yaml(`${folder}/statefulset.yaml`) as {
    spec: {
      template: {
        spec: {
          terminationGracePeriodSeconds: number;
          securityContext: { runAsUser: number };
          containers: {
            name: string;
            image: string;
            envFrom: object[];
            ports: { name: string; containerPort: number }[];
            livenessProbe: Probe;
            readinessProbe: Probe;
            lifecycle: { preStop: { exec: { command: string[] } } };
            volumeMounts: { name: string; mountPath: string }[];
          }[];
        };
      };
      volumeClaimTemplates: {
        metadata: { name: string };
        spec: { resources: { requests: { storage: string } } };
      }[];
    };
  };
  const pod = spec.template.spec;
  const container = pod.containers[0]!;
  const labels = kustomization.labels[0]!.pairs;

  it('names files that exist, and leaves none out but the one that needs an operator', () => {
    expect(resources.filter((name) => !existsSync(join(ROOT, folder, name)))).toEqual([]);
    const manifests = readdirSync(join(ROOT, folder)).filter((name) => name.endsWith('.yaml'));
    expect(manifests.filter((name) => !resources.includes(name))).toEqual([
      'kustomization.yaml',
      'servicemonitor.yaml',
    ]);
    expect(existsSync(join(ROOT, folder, `${secretGenerator[0]!.envs[0]}.example`))).toBe(true);
    expect(kustomization.images[0]!.name).toBe(container.image);
  });

  it('has settings with which the service starts in production', () => {
    const secrets = read(`${folder}/secret.env.example`).trim().split('\n');
    const settings = settingsOf([...configMapGenerator[0]!.literals, ...secrets]);
    const config = productionConfig(settings);
    expect(Object.keys(settings).filter((name) => !(name in config))).toEqual([]);
    expect(container.envFrom).toEqual([
      { configMapRef: { name: 'openim-group-sync' } },
      { secretRef: { name: 'openim-group-sync' } },
    ]);
  });

  it('has the port, the folder and the user of the image', () => {
    const { PORT } = readConfig({});
    expect(container.ports).toEqual([{ name: 'http', containerPort: PORT }]);
    expect(dockerfile).toContain(`EXPOSE ${PORT}\n`);
    expect(dockerfile).toContain(`ENV DATA_DIR=${container.volumeMounts[0]!.mountPath}\n`);
    expect(dockerfile).toContain(`--uid ${pod.securityContext.runAsUser} `);
    const service = yaml(`${folder}/service.yaml`) as {
      spec: { ports: { port: number; targetPort: string }[] };
    };
    expect(service.spec.ports).toEqual([{ name: 'http', port: PORT, targetPort: 'http' }]);
  });

  it('probes and scrapes routes that exist', () => {
    const { livenessProbe, readinessProbe } = container;
    expect(livenessProbe.httpGet).toEqual({ path: pathOf(HealthController, 'live'), port: 'http' });
    expect(readinessProbe.httpGet).toEqual({ path: pathOf(HealthController, 'ready'), port: 'http' });
    expect(readinessProbe.timeoutSeconds).toBeGreaterThan(1);
    const { spec: monitor } = yaml(`${folder}/servicemonitor.yaml`) as {
      spec: { endpoints: { path: string }[]; selector: object };
    };
    expect(monitor.endpoints[0]!.path).toBe(`/${String(Reflect.getMetadata('path', MetricsController))}`);
    expect(monitor.selector).toEqual({ matchLabels: labels });
  });

  it('waits for the end of the service', () => {
    const [, pause] = container.lifecycle.preStop.exec.command;
    expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(Number(pause) + SHUTDOWN_S);
  });

  it('has room for the journal', () => {
    const [{ metadata, spec: claim }] = spec.volumeClaimTemplates as [(typeof spec.volumeClaimTemplates)[0]];
    expect(container.volumeMounts).toEqual([{ name: metadata.name, mountPath: '/data' }]);
    const gib = Number(/^(\d+)Gi$/.exec(claim.resources.requests.storage)![1]);
    expect(gib * 2 ** 30).toBeGreaterThan(2 * readConfig({}).JOURNAL_LIMIT);
  });
});
