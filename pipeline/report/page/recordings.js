"use strict";

// Show captions of the recordings below an element, and a button for each chapter.
function prepareRecordings(root) {
  for (const { track } of root.querySelectorAll("track[kind=captions]")) track.mode = "showing";
  for (const chapters of root.querySelectorAll("track[kind=chapters]")) addChapterButtons(chapters);
}

// Add a button for each chapter that plays the video from there.
function addChapterButtons(chapters) {
  const video = chapters.parentElement;
  const buttons = video.parentElement.querySelector(".chapters");
  chapters.addEventListener("load", () => {
    for (const cue of chapters.track.cues) {
      const { startTime } = cue;
      const button = document.createElement("button");
      button.type = "button";
      const at = Math.floor(startTime);
      button.append(`${Math.floor(at / 60)}:${String(at % 60).padStart(2, "0")} `,
        cue.getCueAsHTML().textContent);
      button.addEventListener("click", () => { video.currentTime = startTime; video.play(); });
      const item = document.createElement("li");
      item.append(button);
      buttons.append(item);
    }
    buttons.hidden = false;
  });
  chapters.track.mode = "hidden"; // loads the track
}

// Play one recording at a time.
document.addEventListener("play", (event) => {
  for (const media of document.querySelectorAll("video, audio"))
    if (media !== event.target) media.pause();
}, true);
