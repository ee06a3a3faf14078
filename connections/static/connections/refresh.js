/* A page with a part that changes, a run that is going on or the overview: asks the server for that part every so many
 * seconds and puts it over what is shown, node by node, so that focus, scroll position, open folds and selected text
 * stay; the counts of the navigation with it. What has `data-keep` in there belongs to the browser and is left as it
 * is. */
'use strict';
{
  const LONGEST_S = 30;
  const ANSWER_WITHIN_MS = 10000;
  const ANNOUNCE_EVERY_MS = 10000;
  const ZONE_S = Number(document.body.dataset.adminUtcOffset);

  const part = document.querySelector('[data-refreshed]');
  const EVERY_S = Number(part.dataset.every);
  const announcer = document.querySelector('[data-announce]');
  const unreachable = document.querySelector('[data-unreachable]');
  const clock = (at) => new Date(at.getTime() + ZONE_S * 1000).toISOString().slice(11, 19);
  const pageTitle = document.title.slice(document.title.lastIndexOf(' | '));

  let updatedAt = new Date();
  let retryAt = null;
  let failures = 0;
  let announcedAt = 0;
  let told = part.dataset.headline;
  let ended = false;

  /* -- putting the new over the old */
  const isSame = (a, b) => a.nodeType === b.nodeType && a.nodeName === b.nodeName && keyOf(a) === keyOf(b);
  const keyOf = (node) => (node.nodeType === Node.ELEMENT_NODE ? node.dataset.key || node.id : '');

  const copyAttributes = (from, to) => {
    for (const { name, value } of from.attributes) if (to.getAttribute(name) !== value) to.setAttribute(name, value);
    for (const { name } of Array.from(to.attributes)) {
      if (!from.hasAttribute(name) && !(name === 'open' && to.nodeName === 'DETAILS')) to.removeAttribute(name);
    }
  };

  const update = (old, fresh) => {
    if (old.nodeType !== Node.ELEMENT_NODE) {
      if (old.nodeValue !== fresh.nodeValue) old.nodeValue = fresh.nodeValue;
    } else if (!('keep' in old.dataset)) {
      copyAttributes(fresh, old);
      updateChildren(old, fresh);
    }
  };

  const updateChildren = (old, fresh) => {
    const keyed = new Map(
      Array.from(old.children)
        .filter(keyOf)
        .map((node) => [keyOf(node), node]),
    );
    let next = old.firstChild;
    for (const node of Array.from(fresh.childNodes)) {
      const known = keyOf(node) ? keyed.get(keyOf(node)) : next;
      if (known && isSame(known, node)) {
        if (known === next) next = next.nextSibling;
        else old.insertBefore(known, next);
        update(known, node);
      } else {
        old.insertBefore(document.importNode(node, true), next);
      }
    }
    while (next) {
      const after = next.nextSibling;
      next.remove();
      next = after;
    }
  };

  const show = (answer) => {
    const focused = document.activeElement;
    const [x, y] = [window.scrollX, window.scrollY];
    update(part, answer.querySelector('[data-refreshed]'));
    for (const count of document.querySelectorAll('#panel-nav [data-part]')) {
      count.textContent = answer.querySelector(`[data-part="${count.dataset.part}"]`)?.textContent ?? '';
    }
    if (focused && focused !== document.activeElement && focused.isConnected) focused.focus({ preventScroll: true });
    if (window.scrollX !== x || window.scrollY !== y) window.scrollTo(x, y);
    document.title = part.dataset.headline + pageTitle;
    ended = 'final' in part.dataset;
    if (ended || Date.now() - announcedAt > ANNOUNCE_EVERY_MS) announce(part.dataset.headline);
  };

  const announce = (text) => {
    if (told === text) return;
    told = announcer.textContent = text;
    announcedAt = Date.now();
  };

  /* -- asking: a document with the part, SIGNED_OUT, or null when no such answer came */
  const SIGNED_OUT = Symbol('signed-out');

  const ask = async () => {
    try {
      const answer = await fetch(part.dataset.url, {
        cache: 'no-store',
        signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
      });
      if (answer.redirected) return SIGNED_OUT;
      if (!answer.ok) return null;
      const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
      return fresh.querySelector('[data-refreshed]') ? fresh : null;
    } catch {
      return null;
    }
  };

  const words = document.querySelector('[data-unreachable-text]');
  const since = (text) => text.replace('%s', clock(updatedAt));
  const warn = (text) => {
    unreachable.hidden = false;
    words.textContent = text;
  };
  const warnUnreachable = () => {
    const seconds = Math.max(0, Math.ceil((retryAt - Date.now()) / 1000));
    warn(`${since(words.dataset.lost)} ${words.dataset.retry.replace('%s', seconds)}`);
  };

  const isWatched = () => !document.hidden && document.documentElement.dataset.live !== 'paused';

  /* Ask once and show the answer; returns the seconds until the next time. */
  const turn = async () => {
    if (!isWatched()) return EVERY_S;
    const fresh = await ask();
    if (fresh === SIGNED_OUT) {
      ended = true;
      failures = 0;
      warn(`${words.dataset.signedOut} ${since(words.dataset.reload)}`);
    } else if (fresh) {
      failures = 0;
      updatedAt = new Date();
      document.dispatchEvent(new Event('updated'));
      unreachable.hidden = true;
      show(fresh);
    } else {
      failures += 1;
      if (failures === 1) announce(since(words.dataset.lost));
    }
    return Math.min(EVERY_S * 2 ** failures, LONGEST_S);
  };

  const loop = async () => {
    const seconds = await turn();
    if (ended) {
      clearInterval(ticker);
      return;
    }
    retryAt = Date.now() + seconds * 1000;
    setTimeout(loop, seconds * 1000);
  };

  const tick = () => {
    if (failures) warnUnreachable();
  };

  const ticker = setInterval(tick, 1000);
  if (!('final' in part.dataset)) setTimeout(loop, EVERY_S * 1000);
}
