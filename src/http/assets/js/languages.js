// The languages that there are. A new one is a file texts/CODE.json and a line here.

export const LANGUAGES = [
  { code: "en", name: "English", direction: "ltr", locale: "en-GB" },
  { code: "pl", name: "Polski", direction: "ltr", locale: "pl" },
  { code: "ar", name: "العربية", direction: "rtl", locale: "ar-u-nu-latn" },
];
