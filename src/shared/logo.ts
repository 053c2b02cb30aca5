import { isSecureUrl, SECURE_URL_RULE } from "./secure-url.js";

export const LOGO_RULE = `an https URL of an image, ${SECURE_URL_RULE}`;

/** Whether a page may show the image at this URL, by LOGO_RULE. */
export const isLogoUrl = isSecureUrl;
