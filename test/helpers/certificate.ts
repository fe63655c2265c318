import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Whether openssl is installed. */
export const canMakeCertificates = ((): boolean => {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

const CONFIG = (folder: string): string => `
  [ca]
  default_ca = own
  [own]
  new_certs_dir = ${folder}
  database = ${folder}/index
  rand_serial = yes
  default_md = sha256
  policy = any
  [any]
  commonName = supplied
  [server]
  subjectAltName = IP:127.0.0.1
  basicConstraints = CA:true
`;

export interface Certificate {
  key: string;
  certificate: string;
}

/**
 * Creates a self-signed certificate for 127.0.0.1.
 * @param folder a new folder for the certificate and its key
 * @param until the last day of the certificate
 */
export function makeCertificate(folder: string, until = new Date(Date.now() + 86_400_000)): Certificate {
  mkdirSync(folder, { mode: 0o755 });
  const [key, request, certificate, config] = ['key', 'request', 'certificate', 'config'].map((name) =>
    join(folder, name),
  ) as [string, string, string, string];
  writeFileSync(config, CONFIG(folder));
  writeFileSync(join(folder, 'index'), '');
  openssl(
    `req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=test -keyout ${key} -out ${request}`,
  );
  const days = `-startdate ${asn1Time(new Date(Date.now() - 10 * 86_400_000))} -enddate ${asn1Time(until)}`;
  openssl(
    `ca -batch -selfsign -config ${config} -extensions server -in ${request} -keyfile ${key} -out ${certificate} -notext ${days}`,
  );
  chmodSync(certificate, 0o644);
  return { key, certificate };
}

const openssl = (args: string): void => {
  execFileSync('openssl', args.split(' '), { stdio: 'ignore' });
};

const asn1Time = (date: Date): string => `${date.toISOString().replace(/\D/g, '').slice(0, 14)}Z`;
