// Callers of a running system, for rehearsing an upgrade: programs that ask for texts and watch them, and people who read
// pages. Every answer that isn't what it should be is counted and shown; it ends when its standard input does, waits for
// what it has asked for, and prints one line of JSON.
//
// Environment: WEB, CPM (addresses), API_KEY, EMAIL, PASSWORD.
import process from 'node:process';

const { WEB, CPM, API_KEY, EMAIL, PASSWORD } = process.env;
const WRITERS = 6;
const READERS = 4;
/** A lost worker's jobs wait 35 seconds for their lease to run out; nothing takes longer than this. */
const DEADLINE_MS = 180_000;

const counts = { accepted: 0, completed: 0, otherwise: 0, pages: 0, reads: 0, resumed: 0, events: 0, failed: 0 };
const pace = (ms) => new Promise((done) => { setTimeout(done, ms); });
let ending = false;
process.stdin.resume();
process.stdin.on('end', () => { ending = true; });

function failure(what, detail) {
  counts.failed += 1;
  console.error(`${new Date().toISOString()} ${what}: ${detail}`);
}

/** One request; `undefined`, and a line that says why, where it failed. */
async function ask(what, url, options = {}) {
  try {
    const answer = await fetch(url, { redirect: 'manual', ...options });
    if (answer.status === 200) return answer;
    failure(what, `${answer.status} ${(await answer.text()).slice(0, 200)}`);
  } catch (error) {
    failure(what, `${error.message} ${error.cause?.code ?? ''}`);
  }
  return undefined;
}

const withKey = { 'x-api-key': API_KEY, 'content-type': 'application/json' };

/** Follows a job's events to its end. A stream may be cut by an upgrade: it goes on after the last event that came. */
async function watch(job) {
  let last = 0;
  const began = Date.now();
  while (Date.now() - began < DEADLINE_MS) {
    const answer = await ask('watch', `${CPM}/jobs/${job}/events`, { headers: { ...withKey, ...(last && { 'last-event-id': String(last) }) } });
    if (!answer) {
      await pace(500);
      continue;
    }
    let text = '';
    try {
      for await (const piece of answer.body.pipeThrough(new TextDecoderStream())) {
        text += piece;
        let at;
        while ((at = text.indexOf('\n\n')) >= 0) {
          const event = Object.fromEntries(text.slice(0, at).split('\n').filter((line) => !line.startsWith(':')).map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]));
          text = text.slice(at + 2);
          if (event.id) {
            const id = Number(event.id);
            if (id <= last) failure('watch', `${job}: event ${id} after ${last}`);
            last = id;
            counts.events += 1;
          }
          if (['completed', 'failed', 'cancelled'].includes(event.event)) return event.event;
        }
      }
    } catch {
      // Cut off: announced, and resumed.
    }
    counts.resumed += 1;
    await pace(100);
  }
  return 'lost';
}

async function writer(number) {
  for (let round = 0; !ending; round += 1) {
    const body = { client_id: 'cincinnati-electrician', content_type: 'social_media', topic: `Breakers that trip, ${number}.${round}` };
    const answer = await ask('generate', `${CPM}/generate`, { method: 'POST', headers: { ...withKey, 'idempotency-key': `${process.pid}-${number}-${round}` }, body: JSON.stringify(body) });
    if (!answer) continue;
    counts.accepted += 1;
    const { job_id: job } = await answer.json();
    const ended = await watch(job);
    if (ended === 'completed') counts.completed += 1;
    else { counts.otherwise += 1; failure('job', `${job} ${ended}`); }
    if (await ask('job', `${CPM}/jobs/${job}`, { headers: withKey })) counts.reads += 1;
  }
}

async function logIn() {
  const answer = await ask('login', `${WEB}/api/auth/login`, { method: 'POST', headers: { 'content-type': 'application/json', origin: WEB }, body: JSON.stringify({ email: EMAIL, password: PASSWORD }) });
  return answer?.headers.getSetCookie().map((cookie) => cookie.split(';')[0]).join('; ');
}

async function reader() {
  const cookie = await logIn();
  const pages = ['/', '/jobs', '/content/new', '/api/clients'];
  for (let round = 0; !ending && cookie; round += 1) {
    const answer = await ask('page', WEB + pages[round % pages.length], { headers: { cookie } });
    if (answer) counts.pages += 1;
    await answer?.text();
    await pace(20);
  }
}

const work = [...Array(WRITERS).keys()].map(writer).concat([...Array(READERS).keys()].map(reader));
await Promise.all(work);
console.log(JSON.stringify(counts));
process.exit(counts.failed === 0 && counts.pages > 0 && counts.accepted > 0 ? 0 : 1);
