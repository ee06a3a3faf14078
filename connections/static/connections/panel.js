/* remoteit-admin: enhances pages that work without it. No dependency; replaces admin's theme.js,
 * actions.js, filters.js and nav_sidebar.js. Loaded in the head so that the theme is set before paint. */
'use strict';
{
  const root = document.documentElement;
  root.classList.add('js');
  const $ = (sel, from = document) => from.querySelector(sel);
  const $$ = (sel, from = document) => Array.from(from.querySelectorAll(sel));

  /* -- theme: auto, light, dark; same key in localStorage as Django's own */
  const THEMES = ['auto', 'light', 'dark'];
  const stored = () => {
    try {
      return localStorage.getItem('theme');
    } catch {
      return null;
    }
  };
  const setTheme = (mode) => {
    root.dataset.theme = mode;
    try {
      localStorage.setItem('theme', mode);
    } catch {
      /* private window: the theme lasts for the page */
    }
  };
  root.dataset.theme = THEMES.includes(stored()) ? stored() : 'auto';

  const ready = () => {
    for (const button of $$('.theme-toggle')) {
      button.addEventListener('click', () => {
        const order = matchMedia('(prefers-color-scheme: dark)').matches
          ? ['auto', 'light', 'dark']
          : ['auto', 'dark', 'light'];
        setTheme(order[(order.indexOf(root.dataset.theme) + 1) % 3]);
      });
    }
    menus();
    dialogs();
    copying();
    filling();
    sorting();
    ages();
    selection();
    keys();
    for (const b of $$('[data-live]'))
      b.addEventListener('click', () => {
        /* the refresh code of a page reads data-live on <html> before it asks again */
        const paused = b.getAttribute('aria-pressed') !== 'true';
        b.setAttribute('aria-pressed', paused);
        root.dataset.live = paused ? 'paused' : 'on';
        $('use', b).setAttribute(
          'href',
          $('use', b)
            .getAttribute('href')
            .replace(/#.*/, paused ? '#play' : '#pause'),
        );
      });
    for (const el of $$('[data-print]'))
      el.addEventListener('click', (e) => {
        e.preventDefault();
        window.print();
      });
  };

  /* -- menus are <details>: one open at a time, closed by Escape or a click elsewhere */
  const MENUS = 'details.facet, details.menu';
  const menus = () => {
    document.addEventListener('click', (e) => {
      for (const d of $$(MENUS)) if (d.open && !d.contains(e.target)) d.open = false;
    });
    for (const d of $$(MENUS)) {
      d.addEventListener('toggle', () => {
        if (d.open) for (const o of $$(MENUS)) if (o !== d) o.open = false;
      });
      d.addEventListener('keydown', (e) => {
        if (e.key === 'Escape' && d.open) {
          d.open = false;
          $('summary', d).focus();
          e.stopPropagation();
        }
      });
    }
  };

  /* -- a click on a head sorts by that column alone, with Shift by it behind the others */
  const sorting = () => {
    for (const a of $$('[data-more]'))
      a.addEventListener('click', (e) => {
        if (!e.shiftKey) return;
        e.preventDefault();
        location.assign(a.dataset.more);
      });
  };

  const dialogs = () => {
    for (const b of $$('[data-open]'))
      b.addEventListener('click', (e) => {
        e.preventDefault(); /* a link leads to the same as a page */
        document.getElementById(b.dataset.open).showModal();
      });
  };

  /* -- a button that copies says so in its own words for a moment */
  const copying = () => {
    for (const b of $$('[data-copy]'))
      b.addEventListener('click', async () => {
        await copy(b.dataset.copy);
        b.classList.add('copied');
        setTimeout(() => b.classList.remove('copied'), 2000);
      });
  };
  /* what a key copied is said at the foot of the page, where nothing else is */
  const copied = async (text) => {
    await copy(text);
    const words = $('[data-copied]');
    if (!words) return;
    words.textContent = words.dataset.copied.replace('{text}', text);
    words.hidden = false;
    setTimeout(() => {
      words.hidden = true;
    }, 3000);
  };
  /* -- what was written before fills its field; Ctrl-Enter sends a form that says so, by the button that is shown */
  const filling = () => {
    for (const b of $$('[data-fill]'))
      b.addEventListener('click', () => {
        const field = document.getElementById(b.dataset.fill);
        field.value = b.textContent;
        field.focus();
      });
    for (const form of $$('form[data-send]'))
      form.addEventListener('keydown', (e) => {
        if (e.key !== 'Enter' || !(e.ctrlKey || e.metaKey)) return;
        e.preventDefault();
        const shown = Array.from(form.elements).find((b) => b.type === 'submit' && b.checkVisibility());
        form.requestSubmit(shown);
      });
  };
  /* without https the browser gives no clipboard, but copies what is selected */
  const copy = async (text) => {
    if (navigator.clipboard) {
      await navigator.clipboard.writeText(text);
      return;
    }
    const field = document.createElement('textarea');
    field.value = text;
    ($('dialog[open]') || document.body).append(field);
    field.select();
    document.execCommand('copy');
    field.remove();
  };

  /* -- "updated 12 s ago": what refreshes a page tells when it has, by `updated` */
  const ages = () => {
    let at = Date.now();
    document.addEventListener('updated', () => {
      at = Date.now();
    });
    const show = () => {
      const age = $('[data-age]');
      if (!age) return;
      const seconds = Math.round((Date.now() - at) / 1000);
      const [unit, words] =
        seconds < 120 ? [1, age.dataset.s] : seconds < 7200 ? [60, age.dataset.min] : [3600, age.dataset.h];
      const span = words.replace('%s', Math.floor(seconds / unit));
      age.textContent = seconds < 3 ? age.dataset.now : age.dataset.ago.replace('%s', span);
    };
    setInterval(show, 1000);
  };

  /* -- selection: count in bar and button, page, all that match, shift-click ranges */
  let select = null;
  const SELECTION = 'selection:';
  const forget = () => {
    try {
      for (const key of Object.keys(sessionStorage)) if (key.startsWith(SELECTION)) sessionStorage.removeItem(key);
    } catch {
      /* no storage: nothing is kept */
    }
  };
  const number = (n) => n.toLocaleString(root.lang || 'en');
  const selection = () => {
    /* once a run is on its way, what was selected for it is not any more */
    if (/\/stoprun\/\d+\//.test(location.pathname)) forget();
    const bar = $('.actions:has(.button.cut)'); /* stock lists (users, groups) keep Django's actions.js */
    if (!bar) return;
    const boxes = () => $$('#result_list .action-select');
    const toggle = $('#action-toggle');
    const across = $('.select-across', bar.closest('form'));
    const elsewhere = $('.elsewhere', bar.closest('form')); /* the keys that are ticked on other pages */
    const words = bar.dataset; /* the page's language, not this script's */
    const parts = {};
    for (const name of ['action-counter', 'all', 'page', 'question', 'show', 'clear']) parts[name] = $('.' + name, bar);
    const cut = $('.button.cut', bar);
    const label = $('.cut-label', cut);
    let anchor = null;

    /* what is ticked outlives page, order and reload: for each filter its rows, with the page of each */
    const of = new URLSearchParams(location.search);
    const page = of.get('p') || '1';
    for (const name of ['p', 'o', 'view']) of.delete(name);
    of.sort();
    const place = `${SELECTION}${location.pathname}?${of}`;
    const others = new Map();
    const load = () => {
      try {
        for (const [key, on] of Object.entries(JSON.parse(sessionStorage.getItem(place) || '{}'))) others.set(key, on);
      } catch {
        others.clear(); /* no storage, or not ours: the selection is that of the page */
      }
    };
    const keep = () => {
      const here = boxes().filter((b) => b.checked);
      const all = [...others, ...here.map((b) => [b.value, page])];
      try {
        if (all.length) sessionStorage.setItem(place, JSON.stringify(Object.fromEntries(all)));
        else sessionStorage.removeItem(place);
      } catch {
        /* a full or forbidden storage: the selection is that of the page */
      }
    };
    load();
    for (const b of boxes()) if (others.delete(b.value)) b.checked = true;

    /* a text that is set anew is read out anew */
    const say = (part, text) => {
      if (part.textContent !== text) part.textContent = text;
    };
    const update = () => {
      const all = boxes();
      const chosen = all.filter((b) => b.checked).length;
      const whole = across.value === '1';
      const picked = chosen + others.size;
      const pages = new Set([...others.values(), ...(chosen ? [page] : [])]).size;
      const count = whole ? bar.dataset.total : number(picked);
      keep();
      elsewhere.value = Array.from(others.keys()).join(',');
      parts['action-counter'].classList.toggle('hidden', whole);
      const said = pages > 1 ? words.selectedPages.replace('{pages}', number(pages)) : words.selected;
      say(parts['action-counter'], picked ? said.replace('{count}', number(picked)) : words.nothing);
      parts.show.classList.toggle('hidden', whole || picked === 0);
      parts.all.classList.toggle('hidden', !whole);
      parts.page.classList.toggle('hidden', chosen === all.length); /* where the table's head is not shown */
      parts.question.classList.toggle(
        'hidden',
        whole || chosen === 0 || chosen !== all.length || String(all.length) === bar.dataset.total,
      );
      parts.clear.classList.toggle('hidden', picked === 0);
      bar.classList.toggle('awake', picked > 0);
      cut.disabled = picked === 0;
      label.textContent =
        picked === 0 ? words.stopNothing : count === '1' ? words.stopOne : words.stopMany.replace('{count}', count);
      toggle.checked = chosen > 0 && chosen === all.length;
      toggle.indeterminate = chosen > 0 && chosen < all.length;
    };
    const set = (list, on) => {
      for (const b of list) b.checked = on;
      across.value = '0';
      update();
    };
    const range = (a, b) => {
      const all = boxes();
      const [i, j] = [all.indexOf(a), all.indexOf(b)].sort((x, y) => x - y);
      return all.slice(i, j + 1);
    };
    const pick = (box, shift) => {
      const list = shift && anchor && anchor !== box ? range(anchor, box) : [box];
      anchor = box;
      set(list, box.checked);
    };

    toggle.addEventListener('change', () => set(boxes(), toggle.checked));
    document.addEventListener('click', (e) => {
      if (e.target.matches('.action-select')) pick(e.target, e.shiftKey);
    });
    $('a', parts.page).addEventListener('click', (e) => {
      e.preventDefault();
      set(boxes(), true);
      cut.focus({ preventScroll: true });
    });
    $('a', parts.question).addEventListener('click', (e) => {
      e.preventDefault();
      across.value = '1';
      update();
      $('a', parts.clear).focus({ preventScroll: true });
    });
    const clear = () => {
      others.clear();
      set(boxes(), false);
    };
    $('a', parts.clear).addEventListener('click', (e) => {
      e.preventDefault();
      clear();
      toggle.focus({ preventScroll: true });
    });
    bar.addEventListener('keydown', (e) => {
      if (e.key === ' ' && e.target.matches('[role="button"]')) {
        e.preventDefault();
        e.target.click();
      }
    });
    window.addEventListener('pageshow', update);
    document.addEventListener('updated', update);
    update();
    /* all that match is then one Enter away, not a Tab for every row */
    const whole = () => {
      set(boxes(), true);
      if (!parts.question.classList.contains('hidden')) $('a', parts.question).focus({ preventScroll: true });
    };
    select = { boxes, page: whole, pick, cut, clear };
  };

  /* -- keyboard: never while typing, never with a modifier but Shift for the range */
  const keys = () => {
    let current = -1;
    let prefix = '';
    const rows = () =>
      $$('#result_list tbody tr, table.runs tbody tr, table.accounts tbody tr, table.items tbody tr, .events > li');
    const move = (step) => {
      const all = rows();
      if (!all.length) return;
      all[current]?.classList.remove('current');
      current = Math.max(0, Math.min(all.length - 1, current + step));
      all[current].classList.add('current');
      ($('.action-select, a', all[current]) || all[current]).focus({ preventScroll: true });
      all[current].scrollIntoView({ block: 'nearest' });
    };
    const go = (key) => $(`#panel-nav a[data-key="${CSS.escape(key)}"]`)?.click();
    const row = () => rows()[current];
    const tick = (e) => {
      const box = row() && $('.action-select', row());
      if (!box) return;
      if (!select) {
        box.click(); /* Django's actions.js counts clicks */
        return;
      }
      box.checked = !box.checked;
      select.pick(box, e.shiftKey);
    };
    /* j and k go on from the row that Tab or the mouse went to */
    document.addEventListener('focusin', (e) => {
      const at = rows().indexOf(e.target.closest('tr, .events > li'));
      if (at < 0 || at === current) return;
      row()?.classList.remove('current');
      current = at;
      row().classList.add('current');
    });
    const openMenu = (selector) => {
      const menu = $(selector);
      if (!menu) return;
      menu.open = true;
      $('summary', menu).focus();
    };
    const ACT = {
      '/': () => $('#searchbar')?.focus(),
      '?': () => $('#keyboard-help')?.showModal(),
      j: () => move(1),
      k: () => move(-1),
      x: tick,
      a: () => select?.page(),
      s: () => {
        if (select && !select.cut.disabled) select.cut.click();
      },
      c: () => {
        const id = row()?.dataset.id || $('[data-connection-id]')?.dataset.connectionId;
        if (id) copied(id);
      },
      y: () => copied(location.href),
      r: () => $('[data-refresh-now]')?.click(),
      v: () => openMenu('#views-menu'),
      d: () => openMenu('#display-menu'),
      w: () => $('[data-do="w"]')?.click(),
      n: () => $('[data-page="next"]')?.click(),
      p: () => $('[data-page="back"]')?.click(),
      l: () => $('[data-open="paste-dialog"]')?.click(),
      Enter: () => row() && $('th a', row())?.click(),
      Escape: () => select?.clear(),
    };
    document.addEventListener('keydown', (e) => {
      if (e.ctrlKey || e.metaKey || e.altKey || $('dialog[open]')) return;
      const typing = e.target.matches('input:not([type="checkbox"]):not([type="radio"]), textarea, select');
      if (typing) {
        if (e.key === 'Escape') e.target.blur();
        return;
      }
      if (e.key === 'Enter' && !e.target.matches('.action-select')) return;
      if (prefix) {
        prefix = '';
        go(e.key);
        return;
      }
      if (e.key === 'g') {
        prefix = 'g';
        setTimeout(() => {
          prefix = '';
        }, 1000);
        return;
      }
      const key = e.key.length === 1 ? e.key.toLowerCase() : e.key;
      if (e.shiftKey && key !== e.key && key !== 'x') return;
      const act = ACT[key];
      if (act && !(e.key === 'Escape' && !select)) {
        e.preventDefault();
        act(e);
      }
    });
  };

  if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', ready);
  else ready();
}
