import type { Link } from "../../src/shared/errors.js";

/** A page for a person whose login stops at Authflow. All text in it is escaped. */
export interface Page {
  title: string;
  /** The URL of the application's logo. */
  logo?: string | null;
  paragraphs: string[];
  /** Below the paragraphs, as a list. */
  list?: string[];
  /** Below that: what the person should look at before a decision, each with what it is. */
  facts?: [term: string, value: string][];
  /** `mark`: a provider's name, of which a mark stands beside the text. */
  links?: (Link & { mark?: string })[];
  /** What the person decides by one of the buttons. */
  form?: PageForm;
  /** Small, at the end. */
  note?: string;
  /** The request's id in the log. */
  reference?: string;
}
export interface PageForm {
  action: string;
  fields: Record<string, string>;
  buttons: { text: string; name?: string; value?: string; quiet?: true }[];
  /** The URL of a script that sends it when the page is loaded; without scripts, its button does. */
  script?: string;
}
/** Who runs the service. */
export interface Operator { name: string | undefined; logo: string | undefined }
