/* Where nothing was saved yet, the browser's own time zone is chosen in the form. It counts once the form is saved. */
'use strict';
{
  const ready = () => {
    const select = document.querySelector('select[name="time_zone"]');
    const offer = document.querySelector('[data-suggest-zone]');
    if (!select || !offer || select.value) return;
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    if (!Array.from(select.options).some((option) => option.value === zone)) return;
    select.value = zone;
    offer.textContent = offer.dataset.suggestZone.replace('{zone}', zone);
    offer.hidden = false;
  };
  if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', ready);
  else ready();
}
