import { html, nothing, type PropertyValues } from "lit";
import type { AppContext, Locale, Session } from "./app-context.ts";
import { contextOf, nobody, sessionClient, watchedFetch } from "./context.ts";
import { LightElement, type Screen } from "./element.ts";
import { loadTexts, preferredLocale, rememberLocale, type TextTable } from "./locale.ts";
import { forgetDrafts } from "./parts/drafts.ts";
import "./parts/keyboard-sheet.ts";
import "./parts/navigation.ts";
import "./parts/problem.ts";
import "./parts/session-warning.ts";
import { Toasts, toastList } from "./parts/toasts.ts";
import { follow, type Place, placeOf } from "./router.ts";
import "./screens/sign-in/index.ts";
import { closeSession, currentSession } from "./session.ts";
import { type Ending, SessionWatch } from "./session-watch.ts";
import { followShortcuts } from "./shortcuts.ts";

/** The frame of the console: who is signed in, where they are, and the screen of that place. */
export class CsApp extends LightElement {
  static override properties = {
    session: { state: true },
    asking: { state: true },
    table: { state: true },
    locale: { state: true },
    place: { state: true },
    screen: { state: true },
    ending: { state: true },
    trouble: { state: true },
  };
  /** Who is signed in, or was until a moment ago: then `asking` is "again" and the screen is kept, unseen. */
  declare session: Session | undefined;
  /** Whether the person is asked to sign in: not known yet, not, for the first time, or because the session has ended. */
  declare asking: "unknown" | "no" | "first" | "again";
  declare table: TextTable | undefined;
  declare locale: Locale;
  declare place: Place;
  declare screen: Screen | undefined;
  declare ending: Ending | undefined;
  /** Why there is no session to speak of, or no screen. */
  declare trouble: unknown;
  #app: AppContext | undefined;
  readonly #toasts = new Toasts(this);
  readonly #client = sessionClient(
    () => this.session?.csrf_token,
    watchedFetch({
      answered: () => this.#watch?.answered(),
      refused: () => void this.#lookAgain(),
    }),
  );
  #watch: SessionWatch | undefined;
  #go: (path: string, replace?: boolean) => void = () => {};
  #stops: (() => void)[] = [];

  constructor() {
    super();
    this.asking = "unknown";
    this.locale = preferredLocale();
    this.place = placeOf(location.pathname, location.search);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    const watch = new SessionWatch(
      (ending) => this.#nearsEnd(ending),
      () => void this.#lookAgain(),
    );
    this.#watch = watch;
    const { go, stop } = follow((place) => void this.#arrive(place));
    this.#go = go;
    this.#stops = [stop, () => watch.stop(), followShortcuts(this, go)];
    void this.#begin();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    for (const stop of this.#stops) stop();
  }

  async #begin(): Promise<void> {
    const texts = this.#speak(this.locale);
    try {
      const session = await currentSession();
      await texts;
      if (session === undefined) this.asking = "first";
      else this.#enter(session);
      await this.#arrive(this.place);
    } catch (error) {
      await texts;
      this.trouble = error;
    }
  }

  async #speak(locale: Locale): Promise<void> {
    this.table = await loadTexts(locale);
    this.locale = locale;
  }

  #enter(session: Session): void {
    const before = this.session?.principal;
    this.session = session;
    this.asking = "no";
    this.trouble = undefined;
    this.#watch?.renew(session);
    if (before === undefined || before === session.principal) return;
    // Another person: nothing of the first one's page may stay.
    forgetDrafts();
    this.screen = undefined;
    if (this.table) this.#toasts.add(this.#texts("signin.other", { principal: session.principal, before }));
    void this.#arrive(placeOf(location.pathname, location.search));
  }

  #texts: AppContext["t"] = (key, values) => this.#app?.t(key, values) ?? key;

  /** Asks the service whether there still is a session, which also keeps it. */
  async #lookAgain(): Promise<void> {
    try {
      const session = await currentSession();
      if (session !== undefined) this.#enter(session);
      else if (this.asking === "no") this.#ended();
    } catch {
      // Without an answer nothing is known; what the person does next will tell.
    }
  }

  #ended(): void {
    this.#watch?.renew(undefined);
    this.asking = "again";
  }

  #nearsEnd(ending: Ending | undefined): void {
    if (ending !== undefined && ending.left <= 0) {
      this.#watch?.renew(undefined);
      void this.#lookAgain();
    } else this.ending = ending;
  }

  async #arrive(place: Place): Promise<void> {
    this.place = place;
    const { screen } = place;
    if (screen === undefined || (this.session === undefined && screen.path !== "/callback")) {
      this.screen = undefined;
      return;
    }
    try {
      await screen.load();
    } catch (error) {
      this.trouble = error;
      return;
    }
    if (this.place !== place) return;
    const kept = this.screen?.localName === screen.tag ? this.screen : undefined;
    const element = kept ?? (document.createElement(screen.tag) as Screen);
    element.params = place.params;
    element.query = place.query;
    this.trouble = undefined;
    if (kept !== undefined) return;
    this.screen = element;
    await this.updateComplete;
    scrollTo(0, 0);
    this.querySelector<HTMLElement>("main")?.focus({ preventScroll: true });
  }

  async #signOut(): Promise<void> {
    const { session } = this;
    if (session === undefined) return;
    try {
      await closeSession(session);
    } catch (error) {
      // The session is still there: saying otherwise would be a lie on a shared machine.
      const still = await currentSession().catch(() => session);
      if (still !== undefined) return this.#toasts.add(String(error instanceof Error ? error.message : error), "error");
    }
    forgetDrafts();
    this.screen = undefined;
    this.session = undefined;
    this.#watch?.renew(undefined);
    this.asking = "first";
    this.#toasts.add(this.#texts("signin.outDone"));
  }

  #signedIn(event: CustomEvent<Session>): void {
    const again = this.asking === "again";
    this.#enter(event.detail);
    if (!again) void this.#arrive(placeOf(location.pathname, location.search));
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (this.table === undefined) return;
    if (changed.has("session") || changed.has("table") || changed.has("locale") || this.#app === undefined) {
      this.#app = contextOf(this.session ?? nobody, {
        table: this.table,
        locale: this.locale,
        client: this.#client,
        now: () => this.#watch?.now() ?? Date.now(),
        navigate: (path, replace) => this.#go(path, replace),
        toast: (message, kind) => this.#toasts.add(message, kind),
      });
    }
    if (this.screen !== undefined) this.screen.app = this.#app;
    const title = this.#app.t(this.place.screen?.title ?? "app.notFound");
    document.title = `${this.asking === "no" ? title : this.#app.t("signin.title")} · Countersign`;
  }

  protected override render() {
    const app = this.#app;
    if (app === undefined) return nothing;
    return html`<a class="skip" href="#content">${app.t("app.skip")}</a>
      ${this.#frame(app)}
      <cs-keyboard-sheet .app=${app}></cs-keyboard-sheet>
      ${toastList(app, this.#toasts)}`;
  }

  #frame(app: AppContext) {
    const inside = this.session !== undefined;
    const asking = this.asking === "first" && this.place.screen?.path !== "/callback";
    return html`<div class=${inside ? "frame" : "frame outside"}>
      ${inside ? this.#navigation(app) : nothing}
      <main id="content" tabindex="-1" class=${this.asking === "again" ? "unseen" : ""} @cs-title=${this.#titled}
        @cs-signed-in=${this.#signedIn}>
        <cs-problem .app=${app} .error=${this.trouble} .retry=${() => location.reload()}></cs-problem>
        ${asking ? html`<cs-sign-in .app=${app} @cs-language=${this.#language}></cs-sign-in>` : this.#content(app)}
      </main>
      ${
        this.asking === "again"
          ? html`<cs-sign-in .app=${app} again @cs-signed-in=${this.#signedIn} @cs-sign-out=${this.#leave}></cs-sign-in>`
          : nothing
      }
      ${
        inside && this.asking === "no" && this.ending
          ? html`<cs-session-warning .app=${app} .ending=${this.ending} @cs-stay=${this.#lookAgain}></cs-session-warning>`
          : nothing
      }
    </div>`;
  }

  #navigation(app: AppContext) {
    return html`<cs-navigation
      .app=${app}
      .current=${this.place.screen?.nav ?? ""}
      class=${this.asking === "again" ? "unseen" : ""}
      @cs-language=${this.#language}
      @cs-sign-out=${this.#signOut}
    ></cs-navigation>`;
  }

  #content(app: AppContext) {
    if (this.asking === "unknown") return html`<p class="muted" role="status">${app.t("app.loading")}</p>`;
    if (this.place.screen === undefined) {
      return html`<header class="page-head"><h1>${app.t("app.notFound")}</h1></header>
        <p>${app.t("app.notFoundText")} <a href="/console/">${app.t("app.home")}</a></p>`;
    }
    return this.screen ?? html`<p class="muted" role="status">${app.t("app.loading")}</p>`;
  }

  /** Whoever does not want to go on as before starts anew, and what was typed goes. */
  #leave(): void {
    forgetDrafts();
    this.screen = undefined;
    this.session = undefined;
    this.asking = "first";
  }

  #titled(event: CustomEvent<string>): void {
    document.title = `${event.detail} · Countersign`;
  }

  #language(event: CustomEvent<Locale>): void {
    rememberLocale(event.detail);
    void this.#speak(event.detail);
  }
}
customElements.define("cs-app", CsApp);
