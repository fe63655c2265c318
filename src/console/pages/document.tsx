import { type ComponentType, createElement, type FunctionComponent } from 'preact';
import { renderToString } from 'preact-render-to-string';
import { EN } from '../texts/en.js';
import { ZH } from '../texts/zh.js';
import { Connect } from './connect.js';
import { Context, type PageContext } from './context.js';
import { Deliveries } from './deliveries.js';
import { Delivery } from './delivery.js';
import { Group } from './group.js';
import { Groups } from './groups.js';
import { Overview } from './overview.js';
import { Problem } from './problem.js';
import { Reload, SignIn } from './sign-in.js';
import { Timeline } from './timeline.js';
import { User } from './user.js';

const PAGES = {
  connect: Connect,
  deliveries: Deliveries,
  delivery: Delivery,
  group: Group,
  groups: Groups,
  overview: Overview,
  problem: Problem,
  reload: Reload,
  signIn: SignIn,
  timeline: Timeline,
  user: User,
};

export type PageName = keyof typeof PAGES;
export type PropsOf<N extends PageName> = (typeof PAGES)[N] extends FunctionComponent<infer P> ? P : never;

const TEXTS = { en: EN, zh: ZH };

/** Renders a page. Preact escapes every text and attribute. */
export function renderDocument<N extends PageName>(
  name: N,
  props: PropsOf<N>,
  context: Omit<PageContext, 'texts'>,
): string {
  const texts = TEXTS[context.language];
  return `<!doctype html>${renderToString(
    <Context.Provider value={{ ...context, texts }}>
      {createElement(PAGES[name] as ComponentType<object>, props as object)}
    </Context.Provider>,
  )}`;
}
