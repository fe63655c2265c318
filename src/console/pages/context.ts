import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import { EN, type Texts } from '../texts/en.js';
import type { Language } from '../texts/language.js';

/** What every part of a page needs. */
export interface PageContext {
  readonly language: Language;
  readonly texts: Texts;
  /** The url of the page, with its query. */
  readonly url: string;
  readonly stylesUrl: string;
  readonly isSignedIn: boolean;
  /** Now, in ms since 1970. */
  readonly now: number;
}

export const Context = createContext<PageContext>({
  language: 'en',
  texts: EN,
  url: '/console',
  stylesUrl: '',
  isSignedIn: false,
  now: 0,
});

export const usePage = (): PageContext => useContext(Context);
export const useTexts = (): Texts => usePage().texts;
