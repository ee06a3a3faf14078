/* The list of connections is kept fresh by live.js: it asks for the rows that are shown, the counts and the state of
 * the lists, and here cells go over cells by the key of their row. No row comes or goes, so ticks, focus, scroll
 * position, open menus and the page stay. */
'use strict';
{
  const EVERY_S = 10;
  const ANSWER_WITHIN_MS = 10000;
  const LOOKS_AFTER_ASKING = 5; /* one a second, once a list was asked for */
  const HEAD_PX = 40; /* the table's head stays at the top */

  const { announce, morphChildren, morphParts, poll } = window.live;
  const $ = (selector, from = document) => from.querySelector(selector);
  const $$ = (selector, from = document) => Array.from(from.querySelectorAll(selector));
  const list = $('[data-list]');
  const rows = () => $$('#result_list tbody tr[data-key]');

  let newer = '0';

  /* -- putting the new over the old */

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
    for (const cell of fresh.cells) {
      const shown = cells.get(cell.className);
      /* the box is the person's */
      if (shown && !cell.matches('.action-checkbox')) morphChildren(shown, cell);
    }
    return before !== status();
  };

  /* Do what may change heights above, and leave the first row in sight where it is. */
  const inPlace = (change) => {
    const anchor = rows().find((row) => row.getBoundingClientRect().bottom > HEAD_PX);
    const before = anchor?.getBoundingClientRect().top;
    change();
    if (anchor) window.scrollBy({ top: anchor.getBoundingClientRect().top - before, behavior: 'instant' });
  };

  const show = (answer) => {
    const fresh = $('[data-refreshed]', answer);
    const state = $('[data-list] [data-part="state"]');
    const wasState = state.textContent;
    const byKey = new Map($$('tr[data-key]', fresh).map((row) => [row.dataset.key, row]));
    let changed = 0;
    inPlace(() => {
      morphParts(answer);
      changed = rows().filter((row) => showRow(row, byKey.get(row.dataset.key))).length;
    });
    const bar = $('.actions:has(.button.cut)');
    if (bar) bar.dataset.total = fresh.dataset.total;
    const count = $('#changelist-form [name="shown"]');
    if (count) count.value = fresh.dataset.count;
    tell(wasState === state.textContent ? '' : state.textContent.trim(), changed, fresh.dataset.newer);
  };

  const tell = (state, changed, count) => {
    const words = [];
    if (changed === 1) words.push(list.dataset.changedOne);
    if (changed > 1) words.push(list.dataset.changedMany.replace('{count}', changed));
    if (count !== newer && count !== '0') words.push(list.dataset.newerWords.replace('{count}', count));
    if (state) words.push(state);
    newer = count;
    if (words.length) announce(words.join(' '));
  };

  const address = () => {
    const keys = rows().map((row) => row.dataset.key);
    const url = new URL(list.dataset.url + location.search, location.origin);
    url.searchParams.set('rows', keys.join(','));
    url.searchParams.set('since', list.dataset.since);
    url.searchParams.set('newest', list.dataset.newest);
    return url;
  };

  const hurry = poll(EVERY_S, address, show);

  /* -- "Read now", without leaving the page */
  const readNow = async (form) => {
    const headers = { 'X-Requested-With': 'fetch' };
    const signal = AbortSignal.timeout(ANSWER_WITHIN_MS);
    try {
      const answer = await fetch(form.action, { method: 'POST', body: new FormData(form), headers, signal });
      if (!answer.ok || answer.redirected) throw new Error(`HTTP ${answer.status}`);
      announce(await answer.text());
      hurry(LOOKS_AFTER_ASKING);
    } catch {
      form.submit(); /* the page that comes says what is wrong */
    }
  };

  const button = $('[data-refresh-now]');
  button?.form.addEventListener('submit', (e) => {
    e.preventDefault();
    readNow(button.form);
  });
}
