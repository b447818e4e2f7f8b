import { mountCharts } from './charts.js';
import { readHeader, readNumbers } from './dataBlocks.js';
import { mountDetections } from './detectionTable.js';
import { byId } from './dom.js';
import { mountFused } from './fusedTable.js';
import { mountFrameList } from './frameList.js';
import { mountKeyboard } from './keyboard.js';
import { mountLanes } from './lanes.js';
import { mountOverview } from './overview.js';
import { mountPanes } from './panes.js';
import { PictureStore } from './pictureStore.js';
import { makeModel, orderFor } from './reportModel.js';
import { mountTracks } from './trackTable.js';
import { mountTransport } from './transport.js';
import { Viewer, type ViewerState } from './viewerState.js';

async function start(): Promise<void> {
  const header = readHeader();
  mountOverview(header);
  const pictures = new PictureStore();
  const model = makeModel(header, await readNumbers(), pictures);
  const { picturesKept, numbersKept } = header.thinning;
  const filters = {
    sortKey: 'time',
    descending: false,
    onlyClass: null,
    // Stepping through frame sets whose pictures were left out is seldom what a reader wants first.
    onlyPictures: picturesKept > 0 && picturesKept < numbersKept,
    onlyExplained: false,
  } as const;
  const state: ViewerState = {
    ...filters,
    order: orderFor(model, filters),
    at: 0,
    selection: null,
    hidden: new Set(),
    opacity: 0.6,
    boxes: true,
    mapKind: 'maps',
    playing: false,
  };
  const viewer = new Viewer(state);
  byId('viewer', HTMLElement).hidden = false;
  byId('over-time', HTMLElement).hidden = false;
  mountPanes(model, viewer);
  mountTransport(model, viewer);
  mountFrameList(model, viewer);
  mountDetections(model, viewer);
  mountFused(model, viewer);
  mountKeyboard(model, viewer);
  mountLanes(model, viewer);
  mountCharts(model, viewer);
  mountTracks(model, viewer);
  byId('status', HTMLElement).hidden = true;
  document.documentElement.dataset['ready'] = 'true';
}

start().catch((error: unknown) => {
  const status = byId('status', HTMLElement);
  status.hidden = false;
  status.textContent = `This report cannot be shown: ${String(error)}. It needs a browser of 2023 or later (Chrome 103, Firefox 113, Safari 16.4).`;
  throw error;
});
