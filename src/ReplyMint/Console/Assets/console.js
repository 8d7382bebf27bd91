// Makes pages that work without it a little quicker: times in the device's zone, passkeys, keys.
"use strict";
(() => {
  const zone = document.documentElement.dataset.zone;
  if (!zone) {
    const { lang } = document.documentElement;
    const form = new Intl.DateTimeFormat(navigator.languages.find(one => one.startsWith(lang)) ?? lang, { dateStyle: "medium", timeStyle: "short" });
    for (const time of document.querySelectorAll("time[datetime]")) time.textContent = form.format(new Date(time.dateTime));
  }

  // Where the pages' names are wider than a phone, the one that is shown is in sight.
  for (const here of document.querySelectorAll("[aria-current]")) here.scrollIntoView({ block: "nearest", inline: "center" });

  // Back from a mail stands the list as it was left, with its filters.
  const back = document.querySelector("[data-key=u]");
  if (back && document.referrer) {
    const from = new URL(document.referrer), to = new URL(back.href);
    if (from.origin === to.origin && from.pathname === to.pathname) {
      for (const told of ["approved", "rejected", "done"]) from.searchParams.delete(told);
      from.hash = to.hash;
      back.href = from;
    }
  }

  const bytes = text => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), c => c.charCodeAt(0));
  const text = buffer => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  for (const box of window.PublicKeyCredential ? document.querySelectorAll(".passkey") : []) {
    const form = box.querySelector("form");
    box.hidden = false;
    document.querySelector("[data-without]")?.remove();
    form.addEventListener("submit", async event => {
      event.preventDefault();
      try {
        const { site, owner, address } = box.dataset, challenge = bytes(box.dataset.challenge), timeout = 300000;
        const known = box.dataset.known.split(" ").filter(Boolean).map(id => ({ type: "public-key", id: bytes(id) }));
        const wanted = owner
          ? { challenge, timeout, rp: { id: site, name: "ReplyMint" }, user: { id: bytes(owner), name: address, displayName: address }, attestation: "none",
            pubKeyCredParams: [{ type: "public-key", alg: -7 }], excludeCredentials: known, authenticatorSelection: { residentKey: "preferred", userVerification: "required" } }
          : { challenge, timeout, rpId: site, userVerification: "required", allowCredentials: known };
        const { rawId, response } = await navigator.credentials[owner ? "create" : "get"]({ publicKey: wanted });
        const fields = { id: rawId, client: response.clientDataJSON, data: owner ? response.getAuthenticatorData() : response.authenticatorData, signature: response.signature };
        for (const [name, value] of Object.entries(fields)) if (form.elements[name]) form.elements[name].value = text(value);
        form.submit();
      } catch {
        box.querySelector("[role=alert]").hidden = false;
      }
    });
  }

  // Single keys act only when nobody types, and can be switched off for good (WCAG 2.1.4).
  const help = document.getElementById("keys");
  if (help) {
    const off = document.getElementById("keys-off"), show = document.getElementById("show-keys");
    show.hidden = false;
    show.addEventListener("click", () => help.showModal());
    off.checked = localStorage.getItem("keys") === "off";
    off.addEventListener("change", () => localStorage.setItem("keys", off.checked ? "off" : "on"));
    const move = step => {
      const links = [...document.querySelectorAll("[data-keys=list] a")];
      const at = links.indexOf(document.activeElement);
      links[Math.max(0, Math.min(links.length - 1, at < 0 ? 0 : at + step))]?.focus();
    };
    document.addEventListener("keydown", event => {
      if (event.ctrlKey || event.metaKey || event.altKey || help.open || event.target.closest("input, textarea, select")) return;
      if (event.key === "?") return help.showModal();
      if (off.checked) return;
      if (event.key === "j" || event.key === "k") { move(event.key === "j" ? 1 : -1); event.preventDefault(); return; }
      const meant = /^[a-z]$/.test(event.key) && document.querySelector(`[data-key="${event.key}"]`);
      if (!meant) return;
      event.preventDefault();
      meant.click();
      if (event.key === "e") document.getElementById("text")?.focus();
    });
  }

  // A page that nobody is busy with shows what is new by itself; else a line says that there is something.
  const news = document.querySelector("#live p");
  if (news) {
    // Who goes by keys, or hears the page, keeps the one that he is on.
    let keys = false;
    addEventListener("keydown", () => { keys = true; }, { once: true });
    const tell = () => {
      if (!keys && document.activeElement === document.body && scrollY < 80) location.reload();
      else news.hidden = false;
    };
    const source = new EventSource("/console/live");
    source.addEventListener("inbox", tell);
    // Where no stream is given, it is asked for now and then, while somebody may look at the page.
    source.addEventListener("error", () => {
      if (source.readyState !== EventSource.CLOSED) return;
      let before;
      const ask = async () => {
        if (document.hidden) return;
        const answer = await fetch("/console/live/now", { redirect: "error" }).catch(() => null);
        if (!answer?.ok) return;
        const now = await answer.text();
        if (before !== undefined && now !== before) tell();
        before = now;
      };
      ask();
      setInterval(ask, 15000);
    });
  }

  // Where a gateway takes no large body, a file goes to the bucket, at an address that is good for these bytes alone.
  for (const upload of window.crypto?.subtle ? document.querySelectorAll("input[name=upload]") : []) {
    const { form } = upload, { file, _page } = form.elements;
    const button = form.querySelector("button"), failed = form.querySelector("[role=alert]"), without = form.querySelector("[data-without]");
    without.remove();
    form.addEventListener("submit", async event => {
      const [chosen] = file.files;
      if (!chosen) return;
      event.preventDefault();
      button.disabled = failed.hidden = true;
      try {
        const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", await chosen.arrayBuffer()));
        const sha256 = [...hash].map(byte => byte.toString(16).padStart(2, "0")).join("");
        const asked = await fetch(form.action + "s", { method: "POST", redirect: "error", body: new URLSearchParams({ _page: _page.value, name: chosen.name, size: chosen.size, sha256 }) });
        const [id, address] = (await asked.text()).split(" ");
        const headers = { "Content-Type": "application/octet-stream", "X-Amz-Checksum-Sha256": btoa(String.fromCharCode(...hash)) };
        const put = asked.ok && await fetch(address, { method: "PUT", headers, body: chosen, credentials: "omit", redirect: "error" });
        if (!put.ok) throw asked.status;
        upload.value = id;
        file.disabled = true;
        form.submit();
      } catch {
        // A small one goes the direct way, where it is also told what is wrong with it.
        if (chosen.size <= Number(without.dataset.without)) form.submit();
        else button.disabled = failed.hidden = false;
      }
    });
  }
})();
