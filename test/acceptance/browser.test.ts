import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { type Closable, closeAll } from '../../src/lifecycle.js';
import { createLogger } from '../../src/logger.js';
import { Payment } from '../../src/models/index.js';
import { startSchedule } from '../../src/schedule/worker.js';
import { ADMIN, startTestApi, type TestApi } from '../api/harness.js';
import { startBot } from '../helpers/bot.js';
import { findChromium, startChromium } from '../helpers/browser.js';
import { startWorker } from '../helpers/commit-worker.js';
import { until } from '../helpers/until.js';

const VIEWER = { user: 'guest', password: 'a look and no more' };
const FAILED = '/admin/queues/queue/botledger?status=failed';

describe('Bull Board in a real browser', function () {
  // A browser on a busy machine takes its time.
  this.timeout(120_000);

  const opened: Closable[] = [];
  let browser: Browser;
  let api: TestApi;
  const contexts: BrowserContext[] = [];

  before(async function () {
    const chromium = findChromium();
    if (chromium === undefined) {
      process.stderr.write('\n  SKIPPED: the browser test, for want of a chromium on PATH. Install one to run it.\n\n');
      return this.skip();
    }
    browser = await startChromium(chromium);
    opened.push(browser);
    api = await startTestApi({
      env: { VIEWER_USER: VIEWER.user, VIEWER_PASSWORD: VIEWER.password, BOARD_PAYLOADS: 'shown' },
    });
    opened.push(api, await startWorker(api.database, api.redisUrl));
    opened.push(
      await startSchedule({ config: api.config, database: api.database, logger: createLogger('test', 'silent') }),
    );
  });
  afterEach(async () => {
    await Promise.all(contexts.splice(0).map((context) => context.close()));
  });
  after(() => closeAll(opened));

  /** A fresh browser, as it were: without cookies. */
  async function openPage(): Promise<Page> {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
    contexts.push(context);
    return context.newPage();
  }

  async function logIn(page: Page, { user, password }: typeof ADMIN): Promise<void> {
    await page.goto(`${api.url}/admin/queues`);
    await page.getByLabel('User name').fill(user);
    await page.getByLabel('Password').fill(password);
    await page.getByRole('button', { name: 'Log in' }).click();
  }

  /** What the page itself gets when it makes a call. */
  const callFrom = (page: Page, path: string, method: string, body?: string) =>
    page.evaluate(
      ([path, method, body]) =>
        fetch(path as string, { method: method as string, ...(body === undefined ? {} : { body }) }).then(
          ({ status }) => status,
        ),
      [path, method, body],
    );

  const paymentOf = (paymentId: string) =>
    api.database.sequelize.getRepository(Payment).findOne({ where: { paymentId } });

  /**
   * A payment that was recorded in one currency and is reported in another: the unit fails at once, until somebody has
   * found out which it was.
   */
  async function failedPayment(paymentId: string): Promise<void> {
    const bot = await startBot({ redisUrl: api.redisUrl });
    opened.push(bot);
    const report = async (status: 'PENDING' | 'COMPLETED', currency: string) => {
      const payment = { provider: 'stars', paymentId, amount: '100.00', currency, status, tariff: 'month' };
      return (await bot.ledger.recordPayment(7, payment, { key: `${paymentId}-${status}` })).result();
    };
    await report('PENDING', 'RUB');
    const error = await report('COMPLETED', 'XTR').catch((reason: Error) => reason);
    expect(String(error)).to.include('this payment was recorded in RUB');
  }

  it('refuses a wrong password, and shows nothing', async () => {
    const page = await openPage();
    await logIn(page, { ...ADMIN, password: 'guessed' });
    await page.getByRole('alert').getByText('The user name or the password is wrong.').waitFor();
    for (const path of [FAILED, '/admin/queues/api/queues']) {
      await page.goto(api.url + path);
      expect(new URL(page.url()).pathname).to.equal('/admin/login');
    }
  });

  it('shows queues and schedulers, and retries a failed unit, which is then applied', async () => {
    await failedPayment('charge-1');
    const page = await openPage();
    await logIn(page, ADMIN);
    await page.getByRole('link', { name: 'botledger-schedule' }).first().waitFor();
    await page.goto(`${api.url}/admin/queues/job-schedulers`);
    await page.getByText('expireSubscriptions').first().waitFor();

    await page.goto(`${api.url}${FAILED}`);
    await page.getByText('this payment was recorded in RUB').waitFor();
    await page.getByRole('tab', { name: 'Data' }).click();
    await page.getByRole('button', { name: 'expand JSON' }).click();
    await page.getByText('charge-1-COMPLETED').waitFor();

    await paymentOf('charge-1').then((payment) => payment?.update({ currency: 'XTR' }));
    await page.locator('[class*=jobActions] button').first().click();
    await page.getByRole('button', { name: 'Confirm' }).click();
    await until(async () => (await paymentOf('charge-1'))?.status === 'COMPLETED');
    await until(async () => (await api.units.getFailedCount()) === 0);
    await page.getByText('this payment was recorded in RUB').waitFor({ state: 'detached' });
  });

  it('takes nothing from a page of another origin, of the same site or of another', async () => {
    await failedPayment('charge-2');
    const page = await openPage();
    await logIn(page, ADMIN);
    await page.getByRole('link', { name: 'botledger-schedule' }).first().waitFor();
    const target = `${api.url}/admin/queues/api/queues/botledger`;
    const elsewhere = createServer((_req, res) => {
      res.setHeader('content-type', 'text/html').end(`<!doctype html>
        <form method="post" action="${target}/add" enctype="text/plain"><input name='{"name":"x","data":{},"a":"' value='"}'></form>
        <form method="post" action="${api.url}/admin/logout"></form>
        <form method="post" action="${api.url}/admin/login"><input name="user" value="${ADMIN.user}"><input name="password" value="${ADMIN.password}"></form>`);
    }).listen(0, '127.0.0.1');
    await once(elsewhere, 'listening');
    const { port } = elsewhere.address() as AddressInfo;
    const [failed] = await api.units.getFailed();
    try {
      // To a browser another port is the same site, which gets the cookie, and another name is another site.
      for (const host of ['127.0.0.1', 'localhost']) {
        for (const index of [0, 1, 2]) {
          await page.goto(`http://${host}:${port}/`);
          const [response] = await Promise.all([
            page.waitForResponse((answer) => answer.url().startsWith(api.url)),
            page.waitForURL((url) => url.href.startsWith(api.url)),
            page.evaluate(`document.forms[${index}].submit()`),
          ]);
          expect(response.status(), `form ${index} from ${host}`).to.equal(403);
        }
        await page.goto(`http://${host}:${port}/`);
        const fetched = await page.evaluate(
          async ([target, id]) => {
            const call = (path: string, init: RequestInit) =>
              fetch(`${target}${path}`, { credentials: 'include', ...init }).then(
                ({ type }) => type,
                () => 'refused',
              );
            return [
              await call('/add', { method: 'POST', mode: 'no-cors', body: '{"name":"x","data":{}}' }),
              await call(`/${id}/clean`, { method: 'PUT' }),
              await call(`/${id}/retry`, { method: 'PUT' }),
              await call('/obliterate', { method: 'PUT', headers: { 'content-type': 'application/json' }, body: '{}' }),
            ];
          },
          [target, failed?.id],
        );
        expect(fetched, host).to.deep.equal(['refused', 'refused', 'refused', 'refused']);
      }
      const counts = await api.units.getJobCounts('failed', 'waiting', 'active', 'delayed');
      expect(counts).to.deep.equal({ failed: 1, waiting: 0, active: 0, delayed: 0 });
      await page.goto(`${api.url}/admin/queues`);
      await page.getByRole('link', { name: 'botledger-schedule' }).first().waitFor();
    } finally {
      elsewhere.close();
      await failed?.remove();
    }
  });

  it('lets the viewer look, without contents or buttons, and refuses their calls', async () => {
    await failedPayment('charge-3');
    const page = await openPage();
    await logIn(page, VIEWER);
    await page.goto(`${api.url}${FAILED}`);
    await page.getByText('this payment was recorded in RUB').waitFor();
    await page.getByText('view only').first().waitFor();
    await page.getByRole('tab', { name: 'Data' }).click();
    await page.getByText('charge-3-COMPLETED').waitFor();
    expect(await page.content())
      .not.to.include('"amount"')
      .and.not.to.include('telegramId');
    expect(await page.locator('[class*=jobActions] button').count()).to.equal(0);
    expect(await page.getByText('Retry all').count()).to.equal(0);

    const [failed] = await api.units.getFailed();
    const path = '/admin/queues/api/queues/botledger';
    for (const action of ['retry', 'clean']) {
      expect(await callFrom(page, `${path}/${failed?.id}/${action}`, 'PUT')).to.equal(403);
    }
    expect(await callFrom(page, `${path}/add`, 'POST', '{}')).to.equal(403);
    expect(await callFrom(page, '/admin/users/7/export', 'GET')).to.equal(403);
    expect(await api.units.getFailedCount()).to.equal(1);
    await failed?.remove();
  });
});
