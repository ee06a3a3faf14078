/* The bell: what it opens is fetched when it is opened. Without JavaScript it is a link to the page of notices. */
'use strict';
{
  const ready = () => {
    const bell = document.querySelector('#bell');
    if (!bell) return;
    const link = bell.querySelector('a');
    const box = bell.querySelector('.popover');
    link.setAttribute('aria-expanded', 'false');
    link.setAttribute('role', 'button');

    const close = () => {
      box.hidden = true;
      link.setAttribute('aria-expanded', 'false');
    };
    const open = async () => {
      const answer = await fetch(bell.dataset.menu, { cache: 'no-store' });
      if (!answer.ok || answer.redirected) return location.assign(link.href);
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
  document.addEventListener('DOMContentLoaded', ready);
}
