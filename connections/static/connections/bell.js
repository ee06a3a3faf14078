/* The bell: what it opens is fetched when it is opened. Without JavaScript it is a link to the page of notices. While a
 * page is open it asks what is new; whether the browser shows or sounds it, its person chose and allowed by a click. */
'use strict';
{
  const ASK_EVERY_MS = 15000;
  const NOTE_HZ = 660;
  const NOTE_S = 0.35;
  const SEEN = 'notices-told';

  const beep = () => {
    const audio = new AudioContext();
    const tone = audio.createOscillator();
    const gain = audio.createGain();
    tone.frequency.value = NOTE_HZ;
    gain.gain.setValueAtTime(0.2, audio.currentTime);
    gain.gain.exponentialRampToValueAtTime(0.001, audio.currentTime + NOTE_S);
    tone.connect(gain).connect(audio.destination);
    tone.start();
    tone.stop(audio.currentTime + NOTE_S);
    tone.onended = () => audio.close();
  };

  /* Several tabs ask; one of them tells. */
  const isFirst = (id) => {
    try {
      if (Number(localStorage.getItem(SEEN) || 0) >= id) return false;
      localStorage.setItem(SEEN, id);
    } catch {
      /* no storage: each tab tells */
    }
    return true;
  };

  const tell = (notice, url) => {
    if (!isFirst(notice.id)) return;
    if (notice.sound && navigator.userActivation?.hasBeenActive) beep();
    if (!notice.browser || !mayShow()) return;
    const shown = new Notification('remoteit-admin', { body: notice.words, tag: `notice-${notice.id}` });
    shown.onclick = () => {
      window.focus();
      location.assign(url);
    };
  };

  /* What nobody looks at and can't show anything asks for nothing, nor does a page whose updates are paused. */
  const mayShow = () => 'Notification' in window && Notification.permission === 'granted';
  const isWanted = () => mayShow() || (!document.hidden && document.documentElement.dataset.live !== 'paused');

  const watch = (bell, link) => {
    const count = bell.querySelector('.count');
    let after = '';
    const ask = async () => {
      const url = `${bell.dataset.feed}?after=${after}`;
      const answer = await fetch(url, { cache: 'no-store' }).catch(() => null);
      if (!answer?.ok || answer.redirected) return;
      const found = await answer.json();
      after = found.newest;
      count.textContent = found.unread > 99 ? '99+' : found.unread || '';
      for (const notice of found.notices) tell(notice, link.href);
    };
    const turn = () => (isWanted() ? ask() : Promise.resolve()).finally(() => setTimeout(turn, ASK_EVERY_MS));
    turn();
  };

  const menu = (bell, link) => {
    const box = bell.querySelector('.popover');
    link.setAttribute('aria-expanded', 'false');
    link.setAttribute('role', 'button');
    const close = () => {
      box.hidden = true;
      link.setAttribute('aria-expanded', 'false');
    };
    const open = async () => {
      const answer = await fetch(bell.dataset.menu, { cache: 'no-store' });
      if (!answer.ok || answer.redirected) {
        location.assign(link.href);
        return;
      }
      const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
      box.replaceChildren(...fresh.body.childNodes);
      box.hidden = false;
      link.setAttribute('aria-expanded', 'true');
    };
    link.addEventListener('click', (e) => {
      if (e.ctrlKey || e.metaKey || e.shiftKey) return;
      e.preventDefault();
      if (!box.hidden) close();
      else open().catch(() => location.assign(link.href));
    });
    link.addEventListener('keydown', (e) => {
      if (e.key !== ' ') return;
      e.preventDefault();
      link.click();
    });
    document.addEventListener('click', (e) => {
      if (!bell.contains(e.target)) close();
    });
    bell.addEventListener('keydown', (e) => {
      if (e.key !== 'Escape' || box.hidden) return;
      e.stopPropagation();
      close();
      link.focus();
    });
  };

  /* The page on which a person chooses: the browser is asked there, by a click, and nowhere else. */
  const settings = () => {
    const said = document.querySelector('[data-browser-state]');
    if (!said) return;
    const button = document.querySelector('[data-ask-browser]');
    const show = () => {
      const state = 'Notification' in window ? Notification.permission : 'missing';
      said.textContent = said.dataset[state];
      button.hidden = state !== 'default';
    };
    button.addEventListener('click', () => Notification.requestPermission().then(show));
    document.querySelector('[data-hear]').addEventListener('click', beep);
    show();
  };

  const ready = () => {
    const bell = document.querySelector('#bell');
    if (!bell) return;
    const link = bell.querySelector('a');
    menu(bell, link);
    watch(bell, link);
    settings();
  };
  document.addEventListener('DOMContentLoaded', ready);
}
