/* A page that is opened from a file may start no worker, in which the search runs: its script gets a frame instead. */
(() => {
  if (location.protocol !== 'file:') return;
  class FrameWorker extends EventTarget {
    constructor(url) {
      super();
      const frame = document.createElement('iframe');
      frame.hidden = true;
      document.documentElement.append(frame);
      this.inside = frame.contentWindow;
      this.inside.postMessage = (data) => {
        const event = new MessageEvent('message', { data });
        this.dispatchEvent(event);
        if (this.onmessage) this.onmessage(event);
      };
      this.inside.importScripts = async (...urls) => {
        for (const one of urls) await this.load(new URL(one, url));
      };
      this.begun = this.load(url);
    }
    load(url) {
      return new Promise((loaded, failed) => {
        const script = this.inside.document.createElement('script');
        script.src = url;
        script.onload = loaded;
        script.onerror = failed;
        this.inside.document.head.append(script);
      });
    }
    async postMessage(data) {
      await this.begun;
      this.inside.dispatchEvent(new this.inside.MessageEvent('message', { data }));
    }
    terminate() {
      this.inside.frameElement.remove();
    }
  }
  window.Worker = FrameWorker;
  window.IFrameWorker = FrameWorker;
})();
