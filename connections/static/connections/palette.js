/* The palette (Ctrl K): what can be done on this page, where one can go, what was looked at lately, and a search. What
 * may be done stands on the page already, marked `data-do` with its key; what a person may not do is not there. A stop
 * is never the first answer to typed words, and leads to the page that asks. */
'use strict';
{
  const $ = (selector, from = document) => from.querySelector(selector);
  const $$ = (selector, from = document) => Array.from(from.querySelectorAll(selector));
  const RECENT = 'recent';
  const MOST_RECENT = 6;
  const PAGES = /\/(?:stoprun|connection)\/\d+\//;

  const lately = () => {
    try {
      return JSON.parse(sessionStorage.getItem(RECENT) || '[]');
    } catch {
      return [];
    }
  };
  const remember = () => {
    if (!PAGES.test(location.pathname)) return;
    const title = document.title.split(' | ')[0];
    const others = lately().filter((one) => one.url !== location.pathname);
    try {
      const kept = [{ title, url: location.pathname }, ...others].slice(0, MOST_RECENT);
      sessionStorage.setItem(RECENT, JSON.stringify(kept));
    } catch {
      /* no storage: nothing is remembered */
    }
  };

  const bare = (text) =>
    text
      .normalize('NFKD')
      .replace(/\p{M}/gu, '')
      .toLowerCase();

  const ready = () => {
    const dialog = $('#palette');
    if (!dialog) return;
    const field = $('input', dialog);
    const list = $('[role="listbox"]', dialog);
    const template = $('template', dialog);
    const words = dialog.dataset;
    let options = [];
    let at = 0;

    const ofPage = () =>
      $$('[data-do]')
        .filter((element) => !element.disabled)
        .map((element) => ({
          words: element.textContent.trim().replace(/\s+/g, ' '),
          keys: element.dataset.do ? [element.dataset.do] : [],
          stops: element.matches('.cut'),
          run: () => {
            element.closest('dialog')?.close();
            const menu = element.matches('summary') && element.parentElement;
            if (menu) menu.open = true;
            else element.click();
            element.focus();
          },
        }));
    const sections = () =>
      $$('#panel-nav a').map((link) => ({
        words: link.firstChild.textContent.trim(),
        count: $('.count', link)?.textContent.trim() || '',
        keys: ['g', link.dataset.key],
        url: link.href,
      }));
    const recent = () => lately().map((one) => ({ words: one.title, keys: [], url: one.url }));

    const groups = (typed) => {
      const all = [
        [words.act, ofPage()],
        [words.go, sections()],
        [words.recent, recent().filter((one) => one.url !== location.pathname)],
      ];
      if (!typed) return all;
      const wanted = bare(typed).split(/\s+/);
      const found = all.map(([title, those]) => [
        title,
        those.filter((one) => wanted.every((word) => bare(one.words).includes(word))),
      ]);
      const search = [
        { words: words.search.replace('{text}', typed), keys: [], url: `${words.list}?q=${encodeURIComponent(typed)}` },
      ];
      const calm = found.map(([title, those]) => [title, those.filter((one) => !one.stops)]);
      const stops = found.flatMap(([, those]) => those.filter((one) => one.stops));
      return [...(words.list ? [[words.find, search]] : []), ...calm, [words.act, stops]];
    };

    const choose = (index) => {
      if (!options.length) {
        field.removeAttribute('aria-activedescendant');
        return;
      }
      at = (index + options.length) % options.length;
      options.forEach(({ node }, number) => node.setAttribute('aria-selected', number === at));
      const { node } = options[at];
      field.setAttribute('aria-activedescendant', node.id);
      node.scrollIntoView({ block: 'nearest' });
    };

    const option = (one, number) => {
      const node = template.content.firstElementChild.cloneNode(true);
      node.id = `palette-${number}`;
      node.classList.toggle('stops', Boolean(one.stops));
      $('.what', node).textContent = one.words;
      $('.count', node).textContent = one.count || '';
      for (const key of one.keys) {
        const cap = document.createElement('kbd');
        cap.textContent = key;
        $('.keycaps', node).append(cap);
      }
      node.addEventListener('click', (e) => act(one, e.ctrlKey || e.metaKey));
      node.addEventListener('mousemove', () => {
        if (options[at]?.node !== node) choose(options.findIndex((other) => other.node === node));
      });
      return node;
    };

    const show = () => {
      list.replaceChildren();
      options = [];
      for (const [title, those] of groups(field.value.trim())) {
        if (!those.length) continue;
        const group = document.createElement('div');
        const head = document.createElement('div');
        head.className = 'group';
        head.textContent = title;
        group.setAttribute('role', 'group');
        group.setAttribute('aria-label', title);
        head.setAttribute('aria-hidden', 'true');
        group.append(head);
        for (const one of those) {
          const node = option(one, options.length);
          options.push({ one, node });
          group.append(node);
        }
        list.append(group);
      }
      choose(0);
    };

    const act = (one, inNewTab) => {
      dialog.close();
      if (one.url && inNewTab) window.open(one.url);
      else if (one.url) location.assign(one.url);
      else one.run();
    };

    const open = () => {
      if ($('dialog[open]')) return;
      field.value = '';
      dialog.showModal();
      show();
      field.focus();
    };

    field.addEventListener('input', show);
    dialog.addEventListener('keydown', (e) => {
      const steps = { ArrowDown: 1, ArrowUp: -1 };
      if (steps[e.key]) {
        e.preventDefault();
        choose(at + steps[e.key]);
      } else if (e.key === 'Enter' && options.length) {
        e.preventDefault();
        act(options[at].one, e.ctrlKey || e.metaKey);
      }
    });
    document.addEventListener('keydown', (e) => {
      if ((e.ctrlKey || e.metaKey) && !e.altKey && !e.shiftKey && e.key.toLowerCase() === 'k') {
        e.preventDefault();
        open();
      }
    });
    for (const b of $$('[data-palette]')) b.addEventListener('click', open);

    /* "?" lists what can be done on this page, too */
    const help = $('#keyboard-help');
    for (const entry of $$('[data-needs]', help)) entry.hidden = !$(entry.dataset.needs);
    remember();
  };
  if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', ready);
  else ready();
}
