/* Counts down while the first sending of a run is put off, then shows the run. The server decides when it is sent. */
'use strict';
{
  const box = document.querySelector('.sending');
  const heading = box.querySelector('h1');
  const words = heading.textContent;
  const ends = Date.now() + Number(box.dataset.seconds) * 1000;
  const tick = () => {
    const left = Math.ceil((ends - Date.now()) / 1000);
    if (left <= 0) {
      location.reload();
      return;
    }
    box.querySelector('.countdown').textContent = left;
    heading.textContent = words.replace(box.dataset.seconds, left);
    document.title = document.title.replace(/\d+/, left);
    setTimeout(tick, 1000);
  };
  setTimeout(tick, 1000);
  document.addEventListener('keydown', (e) => {
    if (e.key === 'Escape') box.querySelector('[data-cancel]')?.click();
  });
}
