/* Keeps what a page shows fresh: asks the server every so many seconds, less often and with a word on the page where no
 * answer comes, and for nothing while nobody looks. What comes is put over what is shown, node by node, so that focus,
 * scroll position, open folds and selected text stay. What has `data-keep` belongs to the browser and is left as it is.
 * A page with one part that changes, such as a run or the overview, needs no more than this; list.js takes it up. */
'use strict';
{
  const LONGEST_S = 30;
  const ANSWER_WITHIN_MS = 10000;
  const ANNOUNCE_EVERY_MS = 10000;
  const ZONE_S = Number(document.body.dataset.adminUtcOffset);

  const announcer = document.querySelector('[data-announce]');
  const unreachable = document.querySelector('[data-unreachable]');
  const problem = document.querySelector('[data-unreachable-text]');
  const clock = (at) => new Date(at.getTime() + ZONE_S * 1000).toISOString().slice(11, 19);
  const announce = (text) => {
    announcer.textContent = text;
  };

  /* -- putting the new over the old */
  const keyOf = (node) => (node.nodeType === Node.ELEMENT_NODE ? node.dataset.key || node.id : '');
  const isSame = (a, b) => a.nodeType === b.nodeType && a.nodeName === b.nodeName && keyOf(a) === keyOf(b);

  const morphAttributes = (old, fresh) => {
    for (const { name, value } of fresh.attributes) {
      if (old.getAttribute(name) !== value) old.setAttribute(name, value);
    }
    for (const { name } of Array.from(old.attributes)) {
      if (!fresh.hasAttribute(name) && !(name === 'open' && old.nodeName === 'DETAILS')) old.removeAttribute(name);
    }
  };

  const morph = (old, fresh) => {
    if (old.nodeType !== Node.ELEMENT_NODE) {
      if (old.nodeValue !== fresh.nodeValue) old.nodeValue = fresh.nodeValue;
    } else if (!('keep' in old.dataset)) {
      morphAttributes(old, fresh);
      morphChildren(old, fresh);
    }
  };

  const morphChildren = (old, fresh) => {
    const keyed = new Map(Array.from(old.children, (node) => [keyOf(node), node]));
    let next = old.firstChild;
    for (const node of fresh.childNodes) {
      const known = keyOf(node) ? keyed.get(keyOf(node)) : next;
      if (known && isSame(known, node)) {
        if (known === next) next = next.nextSibling;
        else old.insertBefore(known, next);
        morph(known, node);
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

  /* The parts of a page that have a name, such as the counts of the navigation. */
  const morphParts = (answer) => {
    for (const fresh of answer.querySelectorAll('[data-part]')) {
      const old = document.querySelector(`[data-part="${fresh.dataset.part}"]`);
      if (old) morphChildren(old, fresh);
    }
  };

  /* -- asking */
  const isWatched = () => !document.hidden && document.documentElement.dataset.live !== 'paused';

  /* Returns the document that answers, or why there is none, in words. */
  const ask = async (url) => {
    try {
      const answer = await fetch(url, { cache: 'no-store', signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
      if (answer.redirected) return { why: problem.dataset.signedOut, isSignedOut: true };
      if (!answer.ok) return { why: problem.dataset.refused.replace('{status}', answer.status) };
      const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
      return fresh.querySelector('[data-refreshed]') ? { fresh } : { why: problem.dataset.lost };
    } catch {
      return { why: problem.dataset.lost };
    }
  };

  /* Ask `address()` every `every` seconds and call `show` with each document that answers, until it returns true.
   * Returns `hurry(times)`, which asks so many times in the seconds that come. */
  const poll = (every, address, show) => {
    let updatedAt = new Date();
    let askAt = Date.now() + every * 1000;
    let looks = 0;
    let failures = 0;
    let failure = null;
    let asking = false;

    const secondsLeft = () => Math.max(0, Math.round((askAt - Date.now()) / 1000));
    const since = (text) => text.replace('%s', clock(updatedAt));
    const warn = () => {
      const retry = () => problem.dataset.retry.replace('%s', secondsLeft());
      const rest = failure.isSignedOut ? since(problem.dataset.reload) : retry();
      unreachable.hidden = false;
      problem.textContent = `${since(failure.why)} ${rest}`;
    };
    const end = () => clearInterval(ticker);

    const succeed = (fresh) => {
      unreachable.hidden = true;
      if (!isWatched()) return;
      updatedAt = new Date();
      if (show(fresh)) end();
      document.dispatchEvent(new Event('updated'));
    };
    const fail = () => {
      if (failures === 1) announce(since(failure.why));
      if (failure.isSignedOut) end();
      warn();
    };

    const turn = async () => {
      asking = true;
      const { fresh, ...why } = await ask(address());
      asking = false;
      failure = fresh ? null : why;
      failures = fresh ? 0 : failures + 1;
      looks = Math.max(0, looks - 1);
      const seconds = failures ? Math.min(every * 2 ** (failures - 1), LONGEST_S) : looks ? 1 : every;
      askAt = Date.now() + seconds * 1000;
      if (fresh) succeed(fresh);
      else fail();
    };

    const tick = () => {
      if (failure) warn();
      if (!asking && isWatched() && !secondsLeft()) turn();
    };
    const ticker = setInterval(tick, 1000);

    return (times) => {
      looks = times;
      askAt = Date.now() + 1000;
    };
  };

  /* -- a page with one part that changes */
  const showPart = (part) => {
    const pageTitle = document.title.slice(document.title.lastIndexOf(' | '));
    let told = part.dataset.headline;
    let toldAt = 0;

    const tell = (headline, isFinal) => {
      if (headline === (announcer.textContent || told)) return;
      if (!isFinal && Date.now() - toldAt <= ANNOUNCE_EVERY_MS) return;
      told = headline;
      toldAt = Date.now();
      announce(told);
    };

    return (answer) => {
      const focused = document.activeElement;
      const [x, y] = [window.scrollX, window.scrollY];
      morph(part, answer.querySelector('[data-refreshed]'));
      morphParts(answer);
      if (focused && focused !== document.activeElement && focused.isConnected) focused.focus({ preventScroll: true });
      if (window.scrollX !== x || window.scrollY !== y) window.scrollTo(x, y);
      const { headline } = part.dataset;
      const isFinal = 'final' in part.dataset;
      document.title = headline + pageTitle;
      const sign = document.querySelector('link[rel="icon"]');
      if (part.dataset.icon && sign.getAttribute('href') !== part.dataset.icon) sign.href = part.dataset.icon;
      tell(headline, isFinal);
      return isFinal;
    };
  };

  window.live = { announce, morphChildren, morphParts, poll };

  const part = document.querySelector('[data-refreshed]');
  if (part) poll(Number(part.dataset.every), () => part.dataset.url, showPart(part));
}
