// Asks about cookies on another site of the controller and tells it what may be stored (G2): docs/cookies.md
(() => {
	const doc = document, me = doc.currentScript, at = new URL(".", me.src), NAME = "tillit_cookie_choice";
	let register, host, box;
	const el = (tag, text, more) => Object.assign(doc.createElement(tag), { textContent: text, ...more });
	const own = (window.tillitCookies = {
		purposes: [],
		decided: false,
		allowed: (one) => own.purposes.includes(one),
		open: () => register && ask(),
	});
	const keep = (text, lives) => (doc.cookie = `${NAME}=${text}; Path=/; SameSite=Lax; Max-Age=${lives}` + (location.protocol === "https:" ? "; Secure" : ""));
	const held = () => {
		const found = doc.cookie.split("; ").find((one) => one.startsWith(NAME + "=")) || "";
		const [proof = "", asked, ...yes] = found.slice(NAME.length + 1).split(".");
		return { proof, yes: asked === register.asked && yes };
	};
	const sweep = () => {
		const parts = location.hostname.split(".");
		for (const [name, kind, groups] of register.items) {
			if (groups.some(own.allowed)) continue;
			try {
				if (kind === "indexed") indexedDB.deleteDatabase(name);
				else if (kind === "cache") caches.delete(name);
				else if (kind === "worker")
					navigator.serviceWorker.getRegistrations().then((all) => all.map((one) => one.active?.scriptURL.endsWith(name) && one.unregister()));
				else if (kind !== "cookie") window[kind + "Storage"].removeItem(name);
				else for (const path of ["/", location.pathname]) {
					const gone = `${name}=; Max-Age=0; Path=${path}`;
					doc.cookie = gone;
					parts.forEach((_, from) => (doc.cookie = `${gone}; Domain=${parts.slice(from).join(".")}`));
				}
			} catch {} // a browser that stores nothing
		}
	};
	const apply = (purposes, decided) => {
		const withdrawn = own.purposes.filter((one) => !purposes.includes(one));
		Object.assign(own, { purposes, decided });
		doc.dispatchEvent(new CustomEvent("tillit:cookies", { detail: { purposes, decided, withdrawn } }));
		sweep();
	};
	const choose = async (yes, told) => {
		const said = [["asked", register.asked], ["instead_of", held().proof], ...yes.map((one) => ["purpose", one])];
		try {
			const answer = await fetch(new URL("choice", at), { method: "POST", body: new URLSearchParams(said), credentials: "omit" });
			const { proof, purposes, lives } = await answer.json();
			keep([proof, register.asked, ...purposes].join("."), lives);
			apply(purposes, true);
			host.remove();
			host = 0;
		} catch {
			keep("", 0);
			apply([], false);
			told.textContent = register.texts.failed;
		}
	};
	const ask = () => {
		if (host) return box.focus();
		const say = register.texts, sheet = new CSSStyleSheet(), yes = held().yes || [];
		const fields = el("fieldset"), text = el("p", say.text + " "), told = el("p");
		host = el("tillit-cookies");
		sheet.replaceSync(register.sheet);
		const root = host.attachShadow({ mode: "open" });
		root.adoptedStyleSheets = [sheet];
		box = el("section", "", { tabIndex: -1, lang: register.language });
		box.setAttribute("aria-label", say.title);
		told.setAttribute("role", "alert");
		text.append(el("a", say.more, { href: new URL("..", at) }));
		fields.append(el("legend", say.purposes));
		for (const [value, words] of register.purposes) {
			const label = el("label");
			label.append(el("input", "", { type: "checkbox", value, checked: yes.includes(value) }), " " + words);
			fields.append(label);
		}
		box.append(el("h2", say.title), text, fields, told);
		const boxes = (which) => [...fields.querySelectorAll(which)].map((one) => one.value);
		for (const [value, which] of [["reject", "b"], ["some", ":checked"], ["accept", "input"]])
			box.append(el("button", say[value], { name: "choice", value, onclick: () => choose(boxes(which), told) }));
		root.append(box);
		doc.body.prepend(host);
	};
	doc.addEventListener("click", (event) => {
		if (!event.target.closest("[data-tillit-cookies]")) return;
		event.preventDefault();
		own.open();
		host && box.focus();
	});
	fetch(new URL("register?lang=" + (me.dataset.lang || doc.documentElement.lang), at), { credentials: "omit" }).then(async (answer) => {
		register = await answer.json();
		const { yes } = held(), no = navigator.globalPrivacyControl || !register.purposes.length;
		apply(yes || [], !!(yes || no));
		yes || no || ask();
	});
})();
