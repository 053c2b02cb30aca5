import t from "../../support/tap.js";
import { claimFrom, parseClaimMap } from "../../../src/providers/claim-map.js";

const CLAIMS = {
  upn: "alice@corp.example", emails: ["a@x.example", "b@x.example"], hd: "corp.example", given_name: "Alice",
  family_name: "Example", "https://corp.example/tenant": 7, address: { country: "CH", phones: [["1"]] }, empty: "",
  "a.b": "whole", a: { b: "parts" }, flag: false,
};
const FOUND: [map: string, found: Record<string, unknown>][] = [
  ["email=upn", { email: "alice@corp.example" }],
  ["email=emails[0], second=emails[1]", { email: "a@x.example", second: "b@x.example" }],
  ["email=emails[9]", { email: undefined }],
  ["hd", { hd: "corp.example" }],
  ["name=given_name+family_name", { name: "Alice Example" }],
  ["name=given_name+middle_name", { name: "Alice" }],
  ["name=nickname|empty|given_name + family_name|upn", { name: "Alice Example" }],
  ["tenant=https://corp.example/tenant", { tenant: 7 }],
  ["country=address.country,phone=address.phones[0][0]", { country: "CH", phone: "1" }],
  ["x=a.b", { x: "whole" }],
  ["x=constructor,y=__proto__,z=upn.length,w=toString", { x: undefined, y: undefined, z: undefined, w: undefined }],
  ["flag,", { flag: false }],
];
for (const [map, found] of FOUND) {
  t.test(map, async (t) => {
    const sources = Object.entries(parseClaimMap(map));
    t.strictSame(Object.fromEntries(sources.map(([name, source]) => [name, claimFrom(CLAIMS, source)])), found);
  });
}
