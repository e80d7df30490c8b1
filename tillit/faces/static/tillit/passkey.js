// Passkeys: a form with data-passkey="get" or "create" asks its data-options for the options, the device for an answer,
// and sends itself with it. Without a browser that can, its button stays hidden.
const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (sign) => sign.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

const asked = {
  get: (options) => ({ ...options, challenge: bytes(options.challenge), allowCredentials: [] }),
  create: (options) => ({
    ...options,
    challenge: bytes(options.challenge),
    user: { ...options.user, id: bytes(options.user.id) },
    excludeCredentials: (options.excludeCredentials || []).map((one) => ({ ...one, id: bytes(one.id) })),
  }),
};

function answer(made) {
  const response = { clientDataJSON: text(made.response.clientDataJSON) };
  for (const part of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (made.response[part]) response[part] = text(made.response[part]);
  }
  return { id: made.id, rawId: text(made.rawId), type: made.type, response, clientExtensionResults: {} };
}

async function ask(form) {
  const kind = form.dataset.passkey;
  const told = form.querySelector("[data-passkey-trouble]");
  told.hidden = true;
  try {
    const reply = await fetch(form.dataset.options, { method: "POST", body: new FormData(form) });
    if (!reply.ok) throw new Error(String(reply.status));
    const made = await navigator.credentials[kind]({ publicKey: asked[kind](await reply.json()) });
    form.elements.passkey.value = JSON.stringify(answer(made));
    form.submit();
  } catch {
    told.hidden = false;
  }
}

if (window.PublicKeyCredential) {
  for (const form of document.querySelectorAll("form[data-passkey]")) {
    form.hidden = false;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      ask(form);
    });
  }
}
