/* The list of connections keeps itself fresh: every 10 s it asks the server for the rows that are shown, the counts and
 * the state of the lists, and puts cells over cells by the key of their row. No row comes or goes, so ticks, focus,
 * scroll position, open menus and the page stay. */
'use strict';
{
  const EVERY_S = 10;
  const LONGEST_S = 60;
  const ANSWER_WITHIN_MS = 10000;
  const LOOKS_AFTER_ASKING = 5; /* one a second, once a list was asked for */
  const HEAD_PX = 40; /* the table's head stays at the top */
  const ZONE_S = Number(document.body.dataset.adminUtcOffset);

  const $ = (selector, from = document) => from.querySelector(selector);
  const $$ = (selector, from = document) => Array.from(from.querySelectorAll(selector));
  const list = $('[data-list]');
  const announcer = $('[data-announce]');
  const unreachable = $('[data-unreachable]');
  const problem = $('[data-unreachable-text]');
  const clock = (at) => new Date(at.getTime() + ZONE_S * 1000).toISOString().slice(11, 19);

  let updatedAt = new Date();
  let nextAt = Date.now() + EVERY_S * 1000;
  let looks = 0;
  let failures = 0;
  let newer = '0';
  let asking = false;
  let ended = false;

  /* -- putting the new over the old */
  const replace = (old, fresh) => {
    if (!old || old.innerHTML === fresh.innerHTML) return;
    const focused = old.contains(document.activeElement) ? document.activeElement.getAttribute('href') : null;
    old.replaceChildren(...fresh.childNodes);
    if (focused !== null) $(`a[href="${CSS.escape(focused)}"]`, old)?.focus({ preventScroll: true });
  };

  /* Returns whether the status that the row shows is another one than before. */
  const showRow = (row, fresh) => {
    if (!fresh) {
      row.classList.add('gone-row');
      return false;
    }
    const status = () => $('.field-status', row).textContent + row.classList.contains('gone-row');
    const before = status();
    for (const name of ['changed-row', 'gone-row']) row.classList.toggle(name, fresh.classList.contains(name));
    const cells = new Map(Array.from(row.cells, (cell) => [cell.className, cell]));
    for (const cell of Array.from(fresh.cells)) {
      /* the box is the person's */
      if (!cell.matches('.action-checkbox')) replace(cells.get(cell.className), cell);
    }
    return before !== status();
  };

  const rows = () => $$('#result_list tbody tr[data-key]');

  /* Do what may change heights above, and leave the first row in sight where it is. */
  const inPlace = (change) => {
    const anchor = rows().find((row) => row.getBoundingClientRect().bottom > HEAD_PX);
    const before = anchor?.getBoundingClientRect().top;
    change();
    if (anchor) window.scrollBy({ top: anchor.getBoundingClientRect().top - before, behavior: 'instant' });
  };

  const show = (fresh) => {
    const state = $('[data-list] [data-part="state"]');
    const wasState = state.textContent;
    for (const part of $$('[data-part]', fresh)) replace($(`#container [data-part="${part.dataset.part}"]`), part);
    const byKey = new Map($$('tr[data-key]', fresh).map((row) => [row.dataset.key, row]));
    const changed = rows().filter((row) => showRow(row, byKey.get(row.dataset.key))).length;
    const bar = $('.actions:has(.button.cut)');
    if (bar) bar.dataset.total = fresh.dataset.total;
    const count = $('#changelist-form [name="shown"]');
    if (count) count.value = fresh.dataset.count;
    document.dispatchEvent(new Event('list-refreshed'));
    announce(wasState === state.textContent ? '' : state.textContent.trim(), changed, fresh.dataset.newer);
  };

  const announce = (state, changed, count) => {
    const words = [];
    if (changed)
      words.push(changed === 1 ? list.dataset.changedOne : list.dataset.changedMany.replace('{count}', changed));
    if (count !== newer && count !== '0') words.push(list.dataset.newerWords.replace('{count}', count));
    if (state) words.push(state);
    newer = count;
    if (words.length) announcer.textContent = words.join(' ');
  };

  /* -- asking */
  const address = () => {
    const url = new URL(list.dataset.url + location.search, location.origin);
    url.searchParams.set(
      'rows',
      rows()
        .map((row) => row.dataset.key)
        .join(','),
    );
    url.searchParams.set('since', list.dataset.since);
    url.searchParams.set('newest', list.dataset.newest);
    return url;
  };

  /* Returns the fresh parts, or why there are none, in words. */
  const ask = async () => {
    try {
      const answer = await fetch(address(), { cache: 'no-store', signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
      if (answer.redirected) {
        ended = true;
        return { why: problem.dataset.signedOut };
      }
      if (!answer.ok) return { why: problem.dataset.refused.replace('{status}', answer.status) };
      const fresh = $('[data-refresh]', new DOMParser().parseFromString(await answer.text(), 'text/html'));
      return { fresh, why: problem.dataset.lost };
    } catch {
      return { why: problem.dataset.lost };
    }
  };

  const isWatched = () => !document.hidden && document.documentElement.dataset.live !== 'paused';

  const turn = async () => {
    asking = true;
    const { fresh, why } = await ask();
    asking = false;
    if (fresh) {
      failures = 0;
      updatedAt = new Date();
      document.dispatchEvent(new Event('updated'));
      unreachable.hidden = true;
      if (isWatched()) inPlace(() => show(fresh));
    } else {
      failures += 1;
      problem.dataset.why = why;
      if (failures === 1) announcer.textContent = since(why);
    }
    looks = Math.max(0, looks - 1);
    const seconds = failures ? Math.min(EVERY_S * 2 ** (failures - 1), LONGEST_S) : looks ? 1 : EVERY_S;
    nextAt = Date.now() + seconds * 1000;
  };

  const since = (text) => text.replace('%s', clock(updatedAt));
  const warn = () => {
    const seconds = Math.max(0, Math.ceil((nextAt - Date.now()) / 1000));
    const rest = ended ? since(problem.dataset.reload) : problem.dataset.retry.replace('%s', seconds);
    unreachable.hidden = false;
    problem.textContent = `${since(problem.dataset.why)} ${rest}`;
  };

  const tick = () => {
    if (failures) warn();
    if (!ended && !asking && isWatched() && Date.now() >= nextAt) turn();
  };

  /* -- "Read now", without leaving the page */
  const readNow = async (form) => {
    const headers = { 'X-Requested-With': 'fetch' };
    const signal = AbortSignal.timeout(ANSWER_WITHIN_MS);
    try {
      const answer = await fetch(form.action, { method: 'POST', body: new FormData(form), headers, signal });
      if (!answer.ok || answer.redirected) throw new Error(`HTTP ${answer.status}`);
      announcer.textContent = await answer.text();
      looks = LOOKS_AFTER_ASKING;
      nextAt = Date.now() + 1000;
    } catch {
      form.submit(); /* the page that comes says what is wrong */
    }
  };

  const button = $('[data-refresh-now]');
  button?.form.addEventListener('submit', (e) => {
    e.preventDefault();
    readNow(button.form);
  });
  setInterval(tick, 1000);
}
