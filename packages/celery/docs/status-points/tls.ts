import type { StatusPoint } from "./status-point.ts";

const rotation = "test/broker/tls-rotation.test.ts";

export const tls: StatusPoint = {
  title: "TLS",
  promises: [
    {
      promise: "All options of rediss:// URLs and their twins in settings are understood as Celery has them.",
      tests: [
        ["test/broker/url.test.ts", "kombu reads the same from the same URLs"],
        ["test/broker/url.test.ts", "broker_use_ssl and redis_backend_use_ssl are understood as Celery has them"],
        [
          "test/cli/app.test.ts",
          "TLS is configured in the URL or by broker_use_ssl, and the server's name may be another than the host's",
        ],
      ],
    },
    {
      promise:
        "Certificates and host names are checked unless the options say otherwise; clients show certificates of their own.",
      tests: [["test/broker/tls-options.test.ts", "who the server is, is asked for as strictly as the options say"]],
    },
    {
      promise:
        "Renewed certificate files are noticed by their content and used without a restart, also when their folder is replaced.",
      tests: [
        [
          rotation,
          "certificates are renewed by putting another folder in the place of theirs, and no connection is cut",
        ],
        [rotation, "a consumer goes on while the whole authority is replaced on both sides, without a restart"],
        [rotation, "a Kubernetes secret is renewed by one change of its link"],
      ],
    },
    {
      promise: "Files that do not fit together are not used: the old pair serves on, with a warning.",
      tests: [
        [
          rotation,
          "a new key beside the old certificate is warned of once, and the old pair serves until its certificate has come",
        ],
        [
          rotation,
          "what has ended, what another authority signed, and what is no certificate does not take the place of what is good",
        ],
      ],
    },
    {
      promise: "A file system that hangs does not stop the worker.",
      tests: [[rotation, "a file system that hangs holds one thread, and connections go on with what was read before"]],
    },
  ],
};
