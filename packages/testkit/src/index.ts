export {
  type Browser,
  type BrowserContext,
  type BrowserOptions,
  type Locator,
  type Page,
  startBrowser,
} from './browser.ts';
export { type BundledProgram, bundleProgram } from './bundle-program.ts';
export { type Certificate, selfSignedCertificate } from './certificate.ts';
export { type CrashFigures, type CrashLane, type CrashTest, crashTest } from './crash-test.ts';
export {
  FAILURE_CASES,
  type FailureCode,
  type FailurePlan,
  type FailureReport,
  failCalls,
  stopFailing,
} from './failing-calls.ts';
export { type Fault, type FaultProxy, type ProxiedRequest, startFaultProxy } from './fault-proxy.ts';
export { findBrowser } from './find-browser.ts';
export { freePort } from './free-port.ts';
export { type Cell, writeCsv } from './generate-csv.ts';
export { writeParquet } from './generate-parquet.ts';
export { type GoogleFailure, type GoogleWorkspace, startGoogleWorkspace } from './google-workspace.ts';
export { type HostileOidcProvider, type Lie, startHostileOidcProvider } from './hostile-oidc-provider.ts';
export { isAlive } from './is-alive.ts';
export { type Laptop, startLaptop } from './laptop.ts';
export { type OidcProviderProcess, startOidcProvider } from './oidc-provider.ts';
export { type PostgresServer, startPostgres } from './postgres-server.ts';
export { type FoundProcess, processesIn } from './processes-in.ts';
export { type Random, seededRandom } from './random.ts';
export { repositoryRoot } from './repository.ts';
export { type CliOptions, type CliResult, runCli } from './run-cli.ts';
export { type SmallDisk, smallDisk } from './small-disk.ts';
export { type ReceivedMail, type SmtpServer, type SmtpServerOptions, startSmtpServer } from './smtp-server.ts';
export {
  type Exit,
  minimalEnvironment,
  type ProcessOptions,
  type RunningProcess,
  startProcess,
  withTimeout,
} from './start-process.ts';
export { type RunningServer, type ServerOptions, serverEntry, startServer } from './start-server.ts';
export { type TemporaryFolder, temporaryFolder } from './temporary-folder.ts';
export { administer, createTestDatabase, type TestDatabase, testState } from './test-database.ts';
export { type Tree, writeTree } from './write-tree.ts';
