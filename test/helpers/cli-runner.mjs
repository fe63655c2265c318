import { once } from 'node:events';

/**
 * Runs the command line again and again in one process, for `CommandRunner`: the start of a process takes longer than most commands.
 * Each message has the arguments and the environment of a run. The end of a run is a line of its own in both outputs.
 */
const MAIN = new URL('../../dist/src/cli/main.js', import.meta.url);

for (let run = 1; ; run += 1) {
  const [{ args, environment, end }] = await once(process, 'message');
  process.argv = [process.execPath, MAIN.pathname, ...args];
  Object.keys(process.env).forEach((name) => delete process.env[name]);
  Object.assign(process.env, environment);
  process.exitCode = undefined;
  await import(`${MAIN.href}?${run}`);
  process.stdout.removeAllListeners('error'); // each run adds one
  const code = process.exitCode ?? 0;
  process.stdout.write(end);
  process.stderr.write(end);
  process.send({ code });
}
