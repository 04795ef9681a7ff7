// A person's way through the product: log in, pick a client, ask for a text, watch it being written, read it, download
// it, log out. Then an administrator's: clients, people, strategies. Then every page once more, light and dark, wide and
// narrow.
//
// Environment: BASE_URL, EMAIL, PASSWORD, ADMIN_EMAIL (an administrator of the root with the same password; without it
// nothing is managed), VIEWER_EMAIL (somebody who may only look), CHROMIUM, SHOTS (a folder for screenshots).
import { readFile } from 'node:fs/promises';

import { THEMES, VIEWS, check, finish, launch, look, need, openPage, report } from './support.mjs';

const base = need('BASE_URL');
const TOPIC = 'When to replace an electrical panel';
const browser = await launch();

async function logIn(page, email = need('EMAIL')) {
  await page.goto(`${base}/`, { waitUntil: 'load' });
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password', { exact: true }).fill(need('PASSWORD'));
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL((url) => url.pathname !== '/login');
}

async function write() {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, colorScheme: 'light', acceptDownloads: true });
  const page = await openPage(context);

  page.where = 'login';
  await page.goto(`${base}/jobs`, { waitUntil: 'load' });
  check('login', new URL(page.url()).pathname === '/login', 'a stranger is sent to the login');
  await page.getByLabel('E-mail').fill(need('EMAIL'));
  await page.getByLabel('Password', { exact: true }).fill('not the password at all');
  page.expectedStatus = 401;
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('alert').waitFor();
  page.expectedStatus = undefined;
  check('login', (await page.getByLabel('E-mail').inputValue()) === need('EMAIL'), 'a refused login keeps the address');
  await page.getByLabel('Password', { exact: true }).fill(need('PASSWORD'));
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL((url) => url.pathname === '/jobs');
  check('login', true, 'the login leads to where one wanted to go');

  page.where = 'form';
  await page.goto(`${base}/content/new`, { waitUntil: 'load' });
  const client = page.locator('#client');
  if ((await client.inputValue()) !== 'cincinnati-electrician') {
    await Promise.all([page.waitForEvent('load'), client.selectOption('cincinnati-electrician')]);
  }
  check('form', (await page.locator('#client').inputValue()) === 'cincinnati-electrician', 'the client is picked');
  await page.getByLabel('Topic').fill(TOPIC);
  await page.getByLabel('Keywords').fill('electrical panel replacement');
  await page.keyboard.press('Enter');
  await page.getByLabel('Audience').fill('homeowners with older houses');
  await page.locator('#estimate').getByText('$').first().waitFor();
  check('form', true, 'an estimate is shown');
  await page.reload({ waitUntil: 'load' });
  check('form', (await page.getByLabel('Topic').inputValue()) === TOPIC, 'the topic survives a reload');
  check('form', (await page.getByLabel('Audience').inputValue()) === 'homeowners with older houses', 'the audience survives a reload');
  check('form', (await page.locator('[data-chip-text]').allTextContents()).includes('electrical panel replacement'), 'the keywords survive a reload');
  await look(page, 'content_typed', { theme: 'light', view: 'wide' });

  page.where = 'job';
  await page.getByRole('button', { name: 'Generate', exact: true }).click();
  await page.waitForURL(/\/jobs\/[0-9a-f-]{36}/);
  const job = new URL(page.url()).pathname;
  const live = page.locator('[data-live-text]');
  await live.waitFor();
  const grows = await page.waitForFunction(() => {
    const text = document.querySelector('[data-live-text]:not([data-empty])')?.textContent ?? '';
    window.seenLengths = [...new Set([...(window.seenLengths ?? []), text.length])];
    return window.seenLengths.filter((length) => length > 0).length >= 3 ? window.seenLengths : null;
  }, undefined, { polling: 20, timeout: 60_000 });
  console.log(`live text grew: ${(await grows.jsonValue()).join(', ')} characters`);
  await look(page, 'job_writing', { theme: 'light', view: 'wide' });

  await page.locator('#job-view .article').first().waitFor({ timeout: 90_000 });
  check('result', /panel/i.test(await page.locator('#job-view .article').first().innerText()), 'the text is about the topic');
  const figures = page.getByRole('complementary', { name: 'Figures' });
  check('result', /cost/i.test(await figures.innerText()), 'the cost is shown');
  check('result', /words/i.test(await figures.innerText()), 'the words are counted');
  await page.getByRole('navigation', { name: 'Parts of this job' }).getByRole('link', { name: 'Quality' }).click();
  await page.waitForURL(/tab=quality/);
  await page.locator('.check').first().waitFor();
  check('result', (await page.locator('.check').count()) >= 5, 'the quality report has checks');
  await page.getByRole('navigation', { name: 'Parts of this job' }).getByRole('link', { name: 'Prompt' }).click();
  await page.waitForURL(/tab=prompt/);
  check('result', (await page.locator('#job-view').innerText()).includes('Cincinnati, Ohio'), 'the prompt names the client’s location');

  await page.locator('main details[data-menu] > summary').first().click();
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'Markdown' }).click()]);
  const markdown = await readFile(await download.path(), 'utf8');
  check('download', /\.md$/.test(download.suggestedFilename()), `the file is Markdown: ${download.suggestedFilename()}`);
  check('download', /^# \S/m.test(markdown) && markdown.length > 1000, `the file holds the text: ${markdown.length} characters, ${JSON.stringify(markdown.slice(0, 80))}`);

  page.where = 'logout';
  await page.goto(`${base}/`, { waitUntil: 'load' });
  await page.locator('details[data-menu]', { has: page.locator('form[action="/logout"]') }).locator('summary').click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.waitForURL((url) => url.pathname === '/login');
  await page.goto(`${base}${job}`, { waitUntil: 'load' });
  check('logout', new URL(page.url()).pathname === '/login', 'after the logout the job is closed');
  await context.close();
  return job;
}

/** The page's one button "Copy" puts this on the clipboard, and says so. */
async function copies(page, told, wanted) {
  await page.getByRole('button', { name: 'Copy', exact: true }).click();
  await page.getByText(told, { exact: true }).waitFor();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  check(page.where, wanted !== '' && copied === wanted, `Copy puts what is shown on the clipboard: ${copied.length} of ${wanted.length} characters`);
}

/** An agency and a customer are made, somebody is invited and joins, a strategy is saved and inherited. */
async function manage() {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, colorScheme: 'light', permissions: ['clipboard-read', 'clipboard-write'] });
  const page = await openPage(context);
  page.where = 'clients';
  await logIn(page, need('ADMIN_EMAIL'));
  await page.goto(`${base}/new-client`, { waitUntil: 'load' });
  await page.getByLabel('What it is, and where it stands').selectOption({ label: 'An agency below HG Content' });
  await page.getByLabel('Name', { exact: true }).fill('Walkabout Media');
  check('clients', (await page.locator('#slug').getAttribute('placeholder')) === 'walkabout-media', 'the slug is suggested');
  await page.getByRole('button', { name: 'Make the client' }).click();
  await page.waitForURL(/\/clients\/walkabout-media/);
  check('clients', true, 'an agency is made');
  await page.getByRole('link', { name: 'New client' }).first().click();
  await page.waitForURL(/\/new-client\?parent=walkabout-media/);
  await page.getByLabel('Name', { exact: true }).fill('Tiffin Roofing');
  await page.getByRole('button', { name: 'Make the client' }).click();
  await page.waitForURL(/\/clients\/tiffin-roofing/);
  check('clients', (await page.locator('main').innerText()).includes('Customer of Walkabout Media'), 'a customer is made below it');

  page.where = 'strategy';
  await page.goto(`${base}/clients/walkabout-media/strategies/blog_post`, { waitUntil: 'load' });
  await page.getByLabel('Tone', { exact: true }).fill('dry and exact');
  await page.getByLabel('Why').fill('How we sound');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.waitForURL(/strategies\/blog_post/);
  await page.getByText('It holds from the next text on.').waitFor();
  // Another replica's memory is at most a second old.
  await page.goto(`${base}/clients/tiffin-roofing/strategies/blog_post`, { waitUntil: 'load' });
  const tone = page.locator('[data-field="tone"] .source');
  for (let tries = 0; tries < 20 && !(await tone.innerText()).includes('Walkabout Media'); tries += 1) await page.reload({ waitUntil: 'load' });
  const told = await tone.innerText();
  check('strategy', /Walkabout Media, version \d/.test(told) && told.includes('dry and exact'), `the customer's tone says where it comes from: ${told}`);
  await page.getByLabel('Tone', { exact: true }).fill('warm');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByText('It holds from the next text on.').waitFor();
  check('strategy', (await tone.innerText()).includes('Without it'), 'its own value wins, and says what it overrides');
  await page.getByRole('button', { name: 'Reset Tone' }).click();
  check('strategy', (await page.getByLabel('Tone', { exact: true }).inputValue()) === '', 'a reset empties the field');
  await look(page, 'strategy', { theme: 'light', view: 'wide' });

  page.where = 'costs';
  await page.goto(`${base}/clients/tiffin-roofing/costs`, { waitUntil: 'load' });
  check('costs', (await page.locator('main').innerText()).includes('Nothing was spent in these days'), 'a new client has cost nothing');
  page.expectedStatus = 422;
  await page.locator('#own-daily').fill('plenty');
  await page.getByRole('button', { name: 'Set its own limits' }).click();
  await page.locator('#own-daily-error').waitFor();
  page.expectedStatus = undefined;
  check('costs', (await page.locator('#own-daily').inputValue()) === 'plenty', 'a refused limit is still in its field');
  await look(page, 'costs_refused', { theme: 'light', view: 'wide' });
  await page.locator('#own-daily').fill('7.50');
  await page.getByRole('button', { name: 'Set its own limits' }).click();
  await page.getByText('The limits are in force.').waitFor();
  check('costs', (await page.locator('main').innerText()).includes('of $7.50'), 'the limit holds at once');
  await page.locator('#cap-daily').fill('5');
  await page.getByRole('button', { name: 'Set limits from above' }).click();
  await page.getByText('set from above; its own limit is $7.50').waitFor();
  check('costs', true, 'the smaller limit holds, and both are named');

  page.where = 'keys';
  await page.goto(`${base}/clients/tiffin-roofing/keys`, { waitUntil: 'load' });
  await page.locator('#name').fill('Shop');
  await page.getByRole('button', { name: 'Make the key' }).click();
  const secret = await page.getByLabel('The secret', { exact: true }).inputValue();
  check('keys', secret.startsWith('hgc_'), 'the secret is shown');
  await copies(page, 'The secret is on the clipboard.', secret);
  await page.getByRole('link', { name: 'Change Shop' }).click();
  await page.waitForURL(/\/keys\/api\/[0-9a-f-]{36}\/edit/);
  page.expectedStatus = 422;
  await page.locator('#jobs').fill('0');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.locator('#jobs-error').waitFor();
  page.expectedStatus = undefined;
  await look(page, 'key_refused', { theme: 'light', view: 'wide' });
  await page.locator('#jobs').fill('200');
  await page.locator('#daily').fill('2.50');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  // The page takes the notice out of its address at once: what it says is waited for.
  await page.getByText('The key is changed.').waitFor();
  check('keys', new URL(page.url()).pathname === '/clients/tiffin-roofing/keys', 'saving leads back to the keys');
  const keys = await page.locator('main').innerText();
  check('keys', keys.includes('0 of 200 jobs today') && keys.includes('$0.00 of $2.50 today'), 'a key’s limits are changed after it was made');
  check('keys', !keys.includes(secret), 'the secret is on no other page');

  page.where = 'people';
  await page.goto(`${base}/clients/tiffin-roofing/people`, { waitUntil: 'load' });
  await page.getByLabel('E-mail').fill('joiner@tiffin.example.com');
  await page.getByLabel('Role', { exact: true }).selectOption('member');
  await page.getByRole('button', { name: 'Make a link' }).click();
  const link = await page.getByLabel('The link', { exact: true }).inputValue();
  check('people', link.includes('/invitations/'), 'a link is shown to copy');
  await copies(page, 'The link is on the clipboard.', link);
  await context.close();

  const other = await browser.newContext({ viewport: { width: 390, height: 844 }, colorScheme: 'dark' });
  const guest = await openPage(other);
  guest.where = 'invitation';
  await guest.goto(base + new URL(link).pathname, { waitUntil: 'load' });
  await look(guest, 'invitation', { theme: 'dark', view: 'phone' });
  await guest.getByLabel('Your name').fill('Jo Joiner');
  await guest.getByLabel('Password', { exact: true }).fill('seven unrelated long words');
  await guest.getByRole('button', { name: 'Make an account and join' }).click();
  await guest.waitForURL((url) => url.pathname === '/clients');
  check('invitation', (await guest.locator('main').innerText()).includes('Tiffin Roofing'), 'whoever joined sees the client');
  guest.expectedStatus = 410;
  await guest.goto(base + new URL(link).pathname, { waitUntil: 'load' });
  check('invitation', (await guest.locator('main').innerText()).includes('has been used'), 'a link works once');
  await other.close();
}

/** Whoever may only look sees what was spent, and sets nothing. */
async function onlyLook() {
  const context = await browser.newContext({ viewport: { width: 390, height: 844 }, colorScheme: 'dark' });
  const page = await openPage(context);
  page.where = 'viewer';
  await logIn(page, need('VIEWER_EMAIL'));
  await page.goto(`${base}/clients/cincinnati-electrician/costs`, { waitUntil: 'load' });
  check('viewer', (await page.getByRole('heading', { name: 'What texts have cost' }).count()) === 1, 'a viewer sees what texts have cost');
  check('viewer', (await page.locator('#own-daily, #cap-daily').count()) === 0, 'a viewer sets no limit');
  const parts = page.getByRole('navigation', { name: 'Parts of this client' });
  check('viewer', (await parts.getByRole('link', { name: 'Costs' }).count()) === 1, 'a viewer is offered the costs');
  check('viewer', (await parts.getByRole('link', { name: 'Keys' }).count()) === 0, 'a viewer is offered no keys');
  await look(page, 'costs_viewer', { theme: 'dark', view: 'phone' });
  page.expectedStatus = 404;
  const answer = await page.goto(`${base}/clients/cincinnati-electrician/keys`, { waitUntil: 'load' });
  check('viewer', answer.status() === 404, `a viewer's keys are ${answer.status()}`);
  check('viewer', (await page.locator('#name').count()) === 0, 'a viewer sees no keys');
  await context.close();
}

/** The pages that only administrators have. */
async function lookAsAdmin() {
  const pages = [['costs_admin', '/clients/cincinnati-electrician/costs'], ['costs_root', '/clients/hg-content/costs'], ['keys', '/clients/tiffin-roofing/keys']];
  for (const theme of THEMES) {
    for (const [view, width, height] of VIEWS) {
      const context = await browser.newContext({ viewport: { width, height }, colorScheme: theme });
      const page = await openPage(context);
      await logIn(page, need('ADMIN_EMAIL'));
      for (const [name, path] of pages) {
        page.where = `${name} ${theme} ${view}`;
        const answer = await page.goto(base + path, { waitUntil: 'load' });
        check(page.where, answer.status() === 200, `${path} is ${answer.status()}`);
        await look(page, name, { theme, view });
      }
      await page.getByRole('link', { name: 'Change Shop' }).click();
      await page.waitForURL(/edit$/);
      await look(page, 'key_edit', { theme, view });
      await context.close();
    }
  }
}

async function lookAtAll(job) {
  const pages = [['dashboard', '/'], ['content_new', '/content/new'], ['jobs', '/jobs'], ['job_text', job], ['job_quality', `${job}?tab=quality`], ['job_prompt', `${job}?tab=prompt`], ['job_details', `${job}?tab=details`], ['clients', '/clients'], ['client', '/clients/cincinnati-electrician'], ['people', '/clients/cincinnati-electrician/people'], ['costs', '/clients/cincinnati-electrician/costs'], ['costs_agency', '/clients/heaviside-digital/costs'], ['strategies', '/clients/cincinnati-electrician/strategies'], ['strategy_form', '/clients/cincinnati-electrician/strategies/blog_post'], ['strategy_history', '/clients/cincinnati-electrician/strategies/blog_post/history'], ['seo_rules', '/clients/cincinnati-electrician/seo-rules/blog_post']];
  for (const theme of THEMES) {
    for (const [view, width, height] of VIEWS) {
      const context = await browser.newContext({ viewport: { width, height }, colorScheme: theme });
      const page = await openPage(context);
      page.where = `login ${theme} ${view}`;
      await page.goto(`${base}/login`, { waitUntil: 'load' });
      await look(page, 'login', { theme, view });
      await logIn(page);
      for (const [name, path] of pages) {
        page.where = `${name} ${theme} ${view}`;
        const answer = await page.goto(base + path, { waitUntil: 'load' });
        check(page.where, answer.status() === 200, `${path} is ${answer.status()}`);
        await look(page, name, { theme, view });
      }
      page.expectedStatus = 404;
      await page.goto(`${base}/jobs/018f0000-0000-7000-8000-000000000000`, { waitUntil: 'load' });
      await look(page, 'not_found', { theme, view });
      await context.close();
    }
  }
}

try {
  const job = await write();
  if (process.env.ADMIN_EMAIL) await manage();
  if (process.env.VIEWER_EMAIL) await onlyLook();
  await lookAtAll(job);
  if (process.env.ADMIN_EMAIL) await lookAsAdmin();
} catch (error) {
  report('walk', error.stack ?? String(error));
} finally {
  await browser.close();
}
finish();
