// How the page looks and reads: at any width, in either scheme and direction, by keyboard, and to assistive technology.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { test } from 'node:test';

import { VIEWS } from './views.mjs';
import { SCREENSHOTS, Visitor, WORDS, inBrowser, login } from './visitor.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const MOST_BYTES = 60_000;
const MOST_SHIFT = 0.1;

const arrive = async (t, options = {}, kind = 'operator') => (await Visitor.arrive(t, options)).signIn(login(kind));

const wide = (width, height = 900) => ({ viewport: { width, height } });

const pictured = (visitor, name) => visitor.page.screenshot({ path: join(SCREENSHOTS, `${name}.png`), fullPage: true });

// How many pixels the page is wider than the window.
const overflow = (visitor) => visitor.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);

async function violations(visitor) {
  await visitor.page.evaluate(AXE);
  const { violations: found } = await visitor.page.evaluate(
    (values) => globalThis.axe.run({ runOnly: { type: 'tag', values } }), RULES);
  return found.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html}\n${failureSummary}`));
}

// Every view in turn; each leaves a visitor who is signed in and at their profile.
async function throughAll(visitor, look) {
  for (const [name, show] of Object.entries(VIEWS)) {
    await show(visitor);
    await look(name);
    await (name === 'ended' ? visitor.signIn(visitor.login) : visitor.go());
  }
}

async function rightToLeft(visitor) {
  await visitor.page.evaluate(() => document.documentElement.setAttribute('dir', 'rtl'));
}

const focused = (visitor) => visitor.page.evaluate(() => {
  const element = document.activeElement;
  const { outlineStyle, outlineWidth } = getComputedStyle(element);
  const name = (element.labels?.[0]?.textContent ?? element.textContent).trim();
  return { name, tag: element.tagName, outline: outlineStyle === 'none' ? 0 : parseFloat(outlineWidth) };
});

inBrowser('looks', () => {
  test('no view is wider than its window, from the narrowest to the widest, in either direction', async (t) => {
    const visitor = await arrive(t);
    await throughAll(visitor, async (name) => {
      await visitor.page.setViewportSize({ width: 3840, height: 2160 });
      assert.ok((await overflow(visitor)) <= 0, `${name} at 3840 pixels`);
      await visitor.page.setViewportSize({ width: 320, height: 640 });
      assert.ok((await overflow(visitor)) <= 0, `${name} at 320 pixels`);
      await pictured(visitor, `${name}-320`);
      await rightToLeft(visitor);
      assert.ok((await overflow(visitor)) <= 0, `${name} at 320 pixels, from right to left`);
      await pictured(visitor, `${name}-320-rtl`);
    });
  });

  for (const [colorScheme, width] of [['light', 320], ['dark', 1280]]) {
    test(`no view has a barrier that axe knows (${colorScheme}, ${width} pixels)`, async (t) => {
      const visitor = await arrive(t, { ...wide(width), colorScheme });
      await throughAll(visitor, async (name) => {
        assert.deepEqual(await violations(visitor), [], name);
        await pictured(visitor, `${name}-${colorScheme}`);
      });
    });
  }

  test('the dark scheme is dark', async (t) => {
    const brightness = async (colorScheme) => {
      const visitor = await Visitor.arrive(t, { colorScheme });
      await visitor.go();
      const colour = await visitor.page.evaluate(() => getComputedStyle(document.body).backgroundColor);
      return colour.match(/\d+/g).slice(0, 3).reduce((sum, each) => sum + Number(each), 0);
    };
    assert.ok((await brightness('dark')) < 150);
    assert.ok((await brightness('light')) > 600);
  });

  for (const [language, direction] of [['de', 'ltr'], ['ar', 'rtl']]) {
    test(`who reads ${language} gets it, in its direction, or English where nobody has translated it`, async (t) => {
      const visitor = await arrive(t, { locale: language, ...wide(320) });
      const spoken = language in WORDS ? { language, direction } : { language: 'en', direction: 'ltr' };
      const html = visitor.page.locator('html');
      const [lang, dir] = [await html.getAttribute('lang'), await html.getAttribute('dir')];
      assert.deepEqual({ language: lang, direction: dir }, spoken);
      const words = WORDS[spoken.language];
      await visitor.heading(words['Your profile']);
      await visitor.field(words['Display name']).waitFor();
      await visitor.page.getByRole('button', { name: words.Save, exact: true }).waitFor();
      assert.ok((await overflow(visitor)) <= 0);
      assert.deepEqual(await violations(visitor), []);
      await pictured(visitor, `profile-${language}`);
      await visitor.page.setViewportSize({ width: 1280, height: 900 });
      await pictured(visitor, `profile-${language}-1280`);
    });
  }

  test('by keyboard alone everything is reached in its order, and where one is can be seen', async (t) => {
    const visitor = await arrive(t);
    const names = [];
    for (let last = ''; last !== 'Save'; names.push(last)) {
      await visitor.page.keyboard.press('Tab');
      const { name, outline } = await focused(visitor);
      assert.ok(outline >= 2, name);
      last = name;
    }
    assert.deepEqual(names, [
      'Skip to the content', 'profilegate', 'Operator', 'Sign out', 'Generate a new picture', 'Display name', 'Username',
      'Picture address', 'Given name', 'Family name', 'Nickname', 'Website', 'Birthday', 'Language', 'Time zone', 'Save',
    ]);
  });

  test('the skip link is seen when it is reached, and leads past the navigation', async (t) => {
    const visitor = await arrive(t);
    await visitor.page.keyboard.press('Tab');
    const box = await visitor.page.getByRole('link', { name: 'Skip to the content' }).boundingBox();
    assert.ok(box.x >= 0 && box.y >= 0, JSON.stringify(box));
    await visitor.page.keyboard.press('Enter');
    await visitor.page.keyboard.press('Tab');
    assert.equal((await focused(visitor)).name, 'Generate a new picture');
  });

  test('a profile is edited and saved by keyboard alone, and what is said then has the focus', async (t) => {
    const visitor = await arrive(t);
    await visitor.field('Nickname').focus();
    await visitor.page.keyboard.type('Nick');
    await Promise.all([visitor.page.waitForURL(/saved=/), visitor.page.keyboard.press('Enter')]);
    await visitor.page.waitForFunction(() => document.activeElement.className.includes('notice'));
    assert.equal((await focused(visitor)).name, 'Saved: Nickname');
  });

  test('nothing moves for those who want it so', async (t) => {
    const visitor = await arrive(t, { reducedMotion: 'reduce' });
    const moving = await visitor.page.evaluate(() => [...document.querySelectorAll('*')].filter((each) => {
      const { transitionDuration, animationName } = getComputedStyle(each);
      return transitionDuration !== '0s' || animationName !== 'none';
    }).map((each) => each.outerHTML));
    assert.deepEqual(moving, []);
  });

  test('what can be pressed is large enough for a finger', async (t) => {
    const visitor = await arrive(t, wide(320));
    await visitor.page.locator('summary').click();
    const pressed = 'button, summary, .tick, input:not([type=hidden], [type=checkbox]), .row a, .top a';
    for (const each of await visitor.page.locator(pressed).all()) {
      const { width, height } = await each.boundingBox();
      assert.ok(width >= 44 && height >= 44, `${await each.evaluate((found) => found.outerHTML)}: ${width} x ${height}`);
    }
  });

  test('letters of twice the size fit', async (t) => {
    const visitor = await arrive(t, wide(640));
    await visitor.page.evaluate(() => { document.documentElement.style.fontSize = '200%'; });
    assert.ok((await overflow(visitor)) <= 0);
    await pictured(visitor, 'profile-200-percent');
  });

  test('the page is light and does not jump', async (t) => {
    const visitor = await arrive(t);
    await visitor.page.addInitScript(() => {
      globalThis.shift = 0;
      new PerformanceObserver((list) => list.getEntries().forEach((each) => { globalThis.shift += each.value; }))
        .observe({ type: 'layout-shift', buffered: true });
    });
    await visitor.go();
    await visitor.page.waitForFunction(() => performance.getEntriesByName('first-contentful-paint').length > 0);
    const { bytes, shift, paint } = await visitor.page.evaluate(() => {
      const loaded = [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')];
      const own = loaded.filter(({ name }) => name.startsWith(location.origin));
      return {
        bytes: own.reduce((sum, each) => sum + each.decodedBodySize, 0),
        shift: globalThis.shift,
        paint: performance.getEntriesByName('first-contentful-paint')[0].startTime,
      };
    });
    t.diagnostic(`${bytes} bytes, first contentful paint after ${Math.round(paint)} ms, layout shift ${shift}`);
    assert.ok(bytes > 5_000 && bytes < MOST_BYTES, String(bytes));
    assert.ok(shift < MOST_SHIFT, String(shift));
  });
});
