// Judges answers that a test took from the console: node judge.mjs FILE, a line of JSON for each. The graders are MDN's HTTP Observatory
// and Google's CSP Evaluator; what they would fetch by themselves is handed to them, since they know no address of this machine.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { AxiosHeaders } from "axios";
import { CookieJar } from "tough-cookie";

const { resolve } = createRequire(import.meta.url);
const observatory = resolve("@mdn/mdn-http-observatory").replace(/src\/index\.js$/, "");
// Which names browsers know to be HTTPS only would be fetched at installation. Here none is: that can cost a point, and gives none.
const preloaded = observatory + "conf/hsts-preload.json";
if (!existsSync(preloaded)) writeFileSync(preloaded, "{}");
const { ALL_TESTS } = await import(observatory + "src/constants.js");
const { MINIMUM_SCORE_FOR_EXTRA_CREDIT } = await import(observatory + "src/grader/charts.js");
const { getGradeForScore, getScoreModifier } = await import(observatory + "src/grader/grader.js");
const { parseHttpEquivHeaders } = await import(observatory + "src/retriever/utils.js");
const { Requests } = await import(observatory + "src/types.js");
const { default: { CspEvaluator, DEFAULT_CHECKS } } = await import("csp_evaluator/dist/evaluator.js");
const { default: { CspParser } } = await import("csp_evaluator/dist/parser.js");
const { default: { Severity } } = await import("csp_evaluator/dist/finding.js");

for (const { name, url, status, headers, body, redirect } of JSON.parse(readFileSync(process.argv[2], "utf8"))) {
  const home = new URL(url), requests = new Requests(home.hostname), jar = new CookieJar();
  const all = {};
  for (const [field, value] of headers) (all[field.toLowerCase()] ??= []).push(value);
  for (const cookie of all["set-cookie"] ?? []) jar.setCookieSync(cookie, url);
  const https = { status, headers: new AxiosHeaders(all), verified: true, request: {}, httpEquiv: parseHttpEquivHeaders(body, url) };
  requests.resources.path = body;
  Object.assign(requests.responses, { auto: https, https, cors: https });
  requests.session = { url: home, jar };
  if (redirect) {
    requests.responses.http = { status, headers: new AxiosHeaders(), verified: true };
    requests.responses.httpRedirects = [`http://${home.host}/`, redirect].map(at => ({ url: new URL(at), status: 308 }));
  }

  // As its own scanner adds them up (src/scanner/index.js of the package).
  const results = ALL_TESTS.map(test => test(requests)), points = results.map(one => getScoreModifier(one.result));
  const plain = points.reduce((sum, point) => sum + Math.min(point, 0), 100);
  const { grade, score } = getGradeForScore(plain >= MINIMUM_SCORE_FOR_EXTRA_CREDIT ? points.reduce((sum, point) => sum + point, 100) : plain);
  const policy = new CspParser((all["content-security-policy"] ?? []).join(", ")).csp;
  const findings = new CspEvaluator(policy).evaluate(DEFAULT_CHECKS, DEFAULT_CHECKS).filter(one => one.severity < Severity.INFO).map(one => `${one.directive} ${one.value ?? ""}: ${one.description}`);
  console.log(JSON.stringify({ name, grade, score, failed: results.filter(one => !one.pass).map(one => one.result), findings: [...new Set(findings)] }));
}
