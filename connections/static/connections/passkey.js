/* A passkey is asked for when its form is sent: what the browser says of it goes into the form's hidden field. */
'use strict';
{
  const send = async (form) => {
    const options = JSON.parse(form.dataset.passkey).publicKey;
    const adds = form.dataset.passkeyFor === 'add';
    const credential = adds
      ? await navigator.credentials.create({publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options)})
      : await navigator.credentials.get({publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options)});
    form.querySelector('input[name="passkey"]').value = JSON.stringify(credential.toJSON());
    form.submit();
  };
  const ready = () => {
    for (const form of document.querySelectorAll('form[data-passkey]')) {
      const said = form.querySelector('[data-passkey-said]');
      form.addEventListener('submit', (event) => {
        event.preventDefault();
        said.hidden = true;
        send(form).catch((error) => {
          said.textContent = said.dataset.passkeySaid.replace('{why}', error.name);
          said.hidden = false;
        });
      });
    }
  };
  if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', ready);
  else ready();
}
