// `npm run import-directory`: loads the directory of advertisers and campaigns, by which a token's access is checked.
//
// Importing calls fills the directory too. This command is for filling it before the first call.
import { buildPackage } from '../build/package.mjs';
import { loadReader } from '../lib/calls-file.mjs';
import { openDatabase } from '../lib/database.mjs';
import { importDirectory, lists, readDirectory } from '../lib/directory.mjs';
import { Failure, commandLine, main } from '../lib/run.mjs';

const help = `Usage: npm run import-directory -- FILE.csv|FILE.json [--remote]

  JSON: {"advertisers": [{network_id, advertiser_id_from_network, name}],
         "campaigns": [{network_id, advertiser_id_from_network, advertiser_campaign_id_from_network, name}]}
  CSV:  network_id, advertiser_id_from_network, advertiser_name, advertiser_campaign_id_from_network, campaign_name
        (delimited by commas, semicolons, tabs or bars)

  If anything in the file is wrong, nothing is loaded.

  --remote         Uses the deployed database, not the local one`;

await main(async () => {
  const options = { remote: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } };
  const { values, positionals } = commandLine({ options, allowPositionals: true }, help);
  if (values.help) return console.log(help);
  const [file, ...more] = positionals;
  if (!file || more.length > 0) throw new Failure(`Name one file to import.\n\n${help}`);
  const directory = await readDirectory(file, whereNotJson);
  const { DB, close } = await openDatabase({ remote: values.remote });
  try {
    await importDirectory(DB, directory);
    const { advertisers, campaigns } = lists(directory);
    console.log(`${advertisers.length} advertisers and ${campaigns.length} campaigns.`);
  } finally {
    await close();
  }
});

async function whereNotJson(content) {
  await buildPackage();
  const { jsonError } = await loadReader();
  return jsonError(content);
}
