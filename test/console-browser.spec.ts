import { existsSync } from 'node:fs';
import axe from 'axe-core';
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Page,
} from 'playwright-core';
import { CREATE, KEY, Service } from './helpers/service.js';

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) =>
  existsSync(path),
);
const inBrowser = CHROMIUM === undefined ? describe.skip : describe;
const KICK = 'callbackAfterKickGroupCommand';
const GROUP = { callbackCommand: CREATE, ownerUserID: 'owner', memberCount: 2 };
const MEMBERS = [
  { userID: 'owner', roleLevel: 100 },
  { userID: 'mem/ber', roleLevel: 20 },
];
const HOSTILE =
  '<img src="http://127.0.0.1:9/x" onerror="document.title=1"><script>document.title=1</script>\u202Egnp';

inBrowser('The console in a browser (skipped where Chromium is not installed)', () => {
  let service: Service;
  let browser: Browser;
  const problems: string[] = [];

  beforeAll(async () => {
    [service, browser] = await Promise.all([
      Service.start(),
      chromium.launch({ executablePath: CHROMIUM!, args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] }),
    ]);
    await service.post(CREATE, { ...GROUP, groupID: 'g/1', groupName: 'Research', initMemberList: MEMBERS });
    await service.post(CREATE, {
      ...GROUP,
      groupID: 'bad',
      groupName: HOSTILE,
      ex: HOSTILE,
      initMemberList: [],
    });
    await service.post(KICK, {
      callbackCommand: KICK,
      groupID: 'g/1',
      kickedUserIDs: ['mem/ber'],
      reason: HOSTILE,
    });
    await service.post(KICK, { callbackCommand: KICK, groupID: 'g/1', kickedUserIDs: 7 });
  });

  afterAll(async () => {
    await browser.close();
    await service.stop();
  });

  /** Opens the console, and signs in. What the browser complains about, such as the CSP, goes to `problems`. */
  async function signIn(
    options: BrowserContextOptions = {},
  ): Promise<{ context: BrowserContext; page: Page }> {
    const context = await browser.newContext({ baseURL: service.url, locale: 'en-GB', ...options });
    const page = await context.newPage();
    page.on('console', (message) => void problems.push(message.text()));
    page.on('pageerror', ({ message }) => void problems.push(message));
    page.on('request', (request) => {
      if (!request.url().startsWith(service.url)) {
        problems.push(`asks for ${request.url()}`);
      }
    });
    await page.goto('/console');
    await page.locator('input[name=key]').fill(KEY);
    await page.keyboard.press('Enter');
    await page.waitForURL('**/console');
    return { context, page };
  }

  it.each([true, false])(
    'signs in, searches, opens, replays and signs out; with script: %s',
    async (javaScriptEnabled) => {
      const { context, page } = await signIn({ javaScriptEnabled });
      await page.getByRole('link', { name: 'Groups' }).click();
      await page.getByLabel('Name or groupID').fill('sear');
      await page.keyboard.press('Enter');
      await page.getByRole('link', { name: 'Research' }).click();
      expect(await page.locator('h1').textContent()).toBe('Research');
      await page.getByRole('link', { name: 'Timeline' }).click();
      await page
        .getByRole('listitem')
        .filter({ hasText: 'had to leave' })
        .getByRole('link', { name: 'callback' })
        .first()
        .click();
      await page.getByRole('button', { name: 'Replay' }).click();
      expect(await page.locator('dt', { hasText: 'Replay of' }).count()).toBe(1);
      await page.getByRole('button', { name: 'Sign out' }).click();
      await page.goto('/console/groups');
      expect(new URL(page.url()).pathname).toBe('/console/sign-in');
      await context.close();
    },
  );

  it('is used by the keyboard alone', async () => {
    const { context, page } = await signIn();
    await page.keyboard.press('Tab');
    expect(await page.locator(':focus').textContent()).toBe('Skip to content');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.querySelector("main").contains(document.activeElement)')).toBe(true);
    await context.close();
  });

  it('shows the group and the user of a link whose id has a slash', async () => {
    const { context, page } = await signIn();
    await page.goto('/console/groups');
    await page.getByRole('link', { name: 'Research' }).click();
    await page.getByLabel('At a moment (UTC)').fill('2100-01-01T00:00');
    await page.getByRole('button', { name: 'Filter' }).click();
    expect(await page.locator('td.main').allTextContents()).toEqual(['owner']);
    await page.getByRole('link', { name: 'owner' }).last().click();
    expect(await page.locator('h1').textContent()).toBe('owner');
    await context.close();
  });

  const PAGES = [
    '',
    '/groups',
    '/groups/bad',
    '/groups/g%2F1/timeline',
    '/users/mem%2Fber',
    '/deliveries',
    '/deliveries?outcome=rejected',
    '/connect',
    '/nothing',
    '/sign-in',
  ];

  it.each(['en-GB', 'zh-CN'])(
    'has nothing that axe finds, and fits a phone, on every page in both colour schemes, in %s',
    async (locale) => {
      const { context, page } = await signIn({ locale, viewport: { width: 375, height: 740 } });
      await page.evaluate(axe.source);
      for (const path of PAGES) {
        await page.emulateMedia({ colorScheme: 'light' });
        await page.goto(`/console${path}`);
        await page.evaluate(axe.source);
        const found = [await axeFinds(page)];
        await page.emulateMedia({ colorScheme: 'dark' });
        found.push(await axeFinds(page, ['color-contrast']));
        expect([path, ...found]).toEqual([path, [], []]);
        expect([path, await page.evaluate('document.documentElement.scrollWidth')]).toEqual([path, 375]);
      }
      await context.close();
    },
    90_000,
  );

  it('gives the browser nothing to complain about: no script ran, nothing was loaded from elsewhere', async () => {
    const { context, page } = await signIn();
    await page.goto('/console/groups/bad');
    expect(await page.title()).toBe('Group · openim-group-sync');
    // The answer 404 to a page that does not exist is logged by the browser.
    expect(problems.filter((problem) => !problem.includes('status of 404'))).toEqual([]);
    await context.close();
  });
});

/** Returns what axe finds, with the elements. @param rules undefined: all */
async function axeFinds(page: Page, rules?: string[]): Promise<string[]> {
  const options = JSON.stringify({
    resultTypes: ['violations'],
    preload: false,
    ...(rules && { runOnly: rules }),
  });
  const { violations } = await page.evaluate<axe.AxeResults>(`axe.run(${options})`);
  return violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 200)).join(' | ')}`,
  );
}
